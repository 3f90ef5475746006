//go:build tools

// Package opentofu pins the OpenTofu release that the tests run; nothing of it is part of the provider.
package opentofu

import _ "github.com/opentofu/opentofu/cmd/tofu"
