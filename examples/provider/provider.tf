terraform {
  required_version = ">= 1.11" # 1.5 without private_key_wo and issue
  required_providers {
    aop = {
      source  = "terraform.local/aop/aop"
      version = ">= 0.1.0"
    }
  }
}

# The token comes from the environment variable CLOUDFLARE_API_TOKEN. It needs the
# permission "SSL and Certificates: Edit" for the zones ("Read" is enough to plan).
provider "aop" {}
