//! One page: front matter, what it is, examples, attributes, import.

use std::fmt::Write;
use std::fs;

use framework::value::Type;
use framework::{Function, Schema};

use crate::{root, schema};

const NOTE: &str = "# Made by `cargo xtask docs` from the schema and the examples. Do not edit.";

/// Every resource has them.
const TIMEOUTS: &str = "
## Timeouts

`timeouts` has `create`, `update` and `delete`, each a duration such as `90s` or `20m`, by default `10m`. They count the
resource's own work, not the time that it waits for other operations of the apply. `delete` is read from state: a changed value has to be
applied before it counts.
";

/// The first page: a text of ours around the example and the arguments.
pub fn index(provider: &Schema) -> String {
    let template = fs::read_to_string(root().join("templates/index.md")).unwrap();
    let example = fs::read_to_string(root().join("examples/provider/provider.tf")).unwrap();
    let (schema, example) = (schema::attributes(provider), fence("terraform", &example));
    let text = template.replace("{{ example }}\n", &example);
    let text = text.replace("{{ schema }}\n", &schema);
    assert!(
        !text.contains("{{"),
        "the template has a marker that is not known"
    );
    format!("---\n{NOTE}\n{text}")
}

pub fn resource(name: &str, schema: &Schema, identity: &Schema) -> String {
    let mut page = head(name, "Resource", schema.doc);
    examples(&mut page, &format!("resources/{name}"), "resource", "tf");
    let behaviour = format!("templates/resources/{name}.md");
    page.push_str(&fs::read_to_string(root().join(&behaviour)).unwrap());
    page.push('\n');
    page.push_str(&schema::attributes(schema));
    page.push_str(TIMEOUTS);
    import(&mut page, name, identity);
    page
}

pub fn data_source(name: &str, schema: &Schema) -> String {
    let mut page = head(name, "Data Source", schema.doc);
    examples(
        &mut page,
        &format!("data-sources/{name}"),
        "data-source",
        "tf",
    );
    page.push_str(&schema::attributes(schema));
    page
}

pub fn list_resource(name: &str, schema: &Schema) -> String {
    let doc = format!(
        "{} For `terraform query` (Terraform 1.14 and later); the arguments belong in the \
         `config` block.",
        schema.doc
    );
    let mut page = head(name, "List Resource", &doc);
    examples(
        &mut page,
        &format!("list-resources/{name}"),
        "list-resource",
        "tfquery.hcl",
    );
    page.push_str(&schema::attributes(schema));
    page
}

pub fn function(function: &dyn Function) -> String {
    let name = function.name();
    let mut page = matter(&format!("{name} function"), function.summary());
    let _ = write!(page, "\n# function: {name}\n\n{}\n\n", function.doc());
    page.push_str(
        "-> Provider functions need Terraform 1.8 or OpenTofu 1.7. OpenTofu's `console` cannot call them.\n\n",
    );
    examples(&mut page, &format!("functions/{name}"), "function", "tf");
    let parameters: Vec<String> = function
        .parameters()
        .iter()
        .map(|parameter| format!("{} {}", parameter.name, schema::word(&parameter.ty)))
        .collect();
    let result = schema::word(&function.result());
    let signature = format!("{name}({}) {result}\n", parameters.join(", "));
    let _ = write!(page, "## Signature\n\n{}\n", fence("text", &signature));
    page.push_str("## Arguments\n\n");
    for (number, parameter) in (1..).zip(function.parameters()) {
        let kind = schema::title(&parameter.ty);
        let _ = writeln!(
            page,
            "{number}. `{}` ({kind}) {}",
            parameter.name, parameter.doc
        );
    }
    if let Type::Object(attributes) = function.result() {
        page.push_str("\n## Result\n\nAn object with these attributes:\n\n");
        for (name, ty) in &attributes {
            let _ = writeln!(page, "- `{name}` ({})", schema::title(ty));
        }
    }
    page
}

fn head(name: &str, kind: &str, doc: &str) -> String {
    let mut page = matter(&format!("{name} {kind}"), doc);
    let _ = write!(page, "\n# {name} ({kind})\n\n{doc}\n\n");
    page
}

fn matter(title: &str, doc: &str) -> String {
    let plain = doc.replace('`', "");
    let subcategory = subcategory(title);
    format!(
        "---\n{NOTE}\npage_title: \"{title} - terraform-provider-aop\"\nsubcategory: \
         \"{subcategory}\"\ndescription: |-\n  {plain}\n---\n"
    )
}

/// The heading under which registries list a page.
fn subcategory(title: &str) -> &'static str {
    match title.trim_start_matches("aop_") {
        title if title.starts_with("zone_") => "Zone Level",
        title if title.starts_with("hostname_") => "Hostname Level",
        title if title.starts_with("global_") => "Global",
        title if title.starts_with("origin") => "Origins",
        title if title.ends_with(" function") => "Certificates",
        _ => "",
    }
}

/// Every example of a folder, in the order of their names.
fn examples(page: &mut String, folder: &str, stem: &str, extension: &str) {
    let path = root().join("examples").join(folder);
    let found = fs::read_dir(&path).unwrap_or_else(|_| panic!("{folder} has no example"));
    let mut names: Vec<String> = found
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(stem) && name.ends_with(extension))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{folder} has no example");
    page.push_str("## Example Usage\n\n");
    for name in names {
        let text = fs::read_to_string(path.join(name)).unwrap();
        page.push_str(&fence("terraform", &text));
        page.push('\n');
    }
}

/// How existing objects are brought into state.
fn import(page: &mut String, name: &str, identity: &Schema) {
    let folder = root().join("examples/resources").join(name);
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    page.push_str(
        "\n## Import\n\nAn object that exists is imported with one of these. One of the official \
         provider's [moves](../guides/coming-from-cloudflare.md).\n\n",
    );
    page.push_str(
        "With an `import` block and its id (Terraform 1.5 and later, OpenTofu 1.6 and later):\n\n",
    );
    page.push_str(&fence("terraform", &read("import-by-string-id.tf")));
    page.push_str("\nWith an `import` block and its identity (Terraform 1.12 and later, OpenTofu 1.12 and later):\n\n");
    page.push_str(&fence("terraform", &read("import-by-identity.tf")));
    page.push_str("\nWith the command:\n\n");
    page.push_str(&fence("shell", &read("import.sh")));
    page.push_str("\n### Identity Schema\n\n#### Required\n\n");
    for attribute in &identity.attributes {
        let kind = schema::title(&attribute.shape.ty());
        let _ = writeln!(
            page,
            "- `{}` ({kind}) {}",
            attribute.name, attribute.spec.doc
        );
    }
}

fn fence(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n", text.trim_end())
}
