//! The provider's process, as a host drives it, and what may be asked of it after every
//! attack: is it alive, how much memory did it take, and was its message fit to be shown?

use std::fs;

use framework::value::{Dynamic, Type};
use framework::wire::pb::tfplugin6 as pb;

use crate::client::{Client, block_type, decode, encode, get, object};
use crate::plugin::Plugin;

pub const ZONE: &str = "023e105f4ecef8ad9ca31a8372d0c353";
pub const TOKEN: &str = "the-token-that-nobody-may-ever-see-0123456";
pub const ID: &str = "2458ce5a-0c35-4c7f-82c7-8e9487d3ff60";
/// Four times the largest answer.
const MOST_MEMORY: u64 = 64 << 20;

pub struct World {
    pub plugin: Plugin,
    pub client: Client,
    schema: pb::get_provider_schema::Response,
    /// Its memory before anything was asked, in bytes.
    at_rest: u64,
}

impl World {
    /// A provider that is configured for this API.
    pub async fn new(url: &str) -> Self {
        let plugin = Plugin::start();
        let mut client = plugin.connect().await;
        let schema = client.schema().await;
        let at_rest = memory(plugin.child.id());
        let mut world = Self {
            plugin,
            client,
            schema,
            at_rest,
        };
        let arguments = [
            ("api_token", Dynamic::from(TOKEN)),
            ("base_url", url.into()),
        ];
        assert_eq!(world.client.configure(&arguments).await, []);
        world
    }

    pub fn ty(&self, resource: &str) -> Type {
        block_type(&self.schema.resource_schemas[resource])
    }

    fn data_type(&self, source: &str) -> Type {
        block_type(&self.schema.data_source_schemas[source])
    }

    /// A state of this resource.
    pub fn state(&self, resource: &str, values: &[(&str, Dynamic)]) -> Dynamic {
        object(&self.ty(resource), values)
    }

    /// Calls a method that has to answer.
    pub async fn call<Q, A>(&mut self, path: &'static str, request: Q) -> A
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        self.client.call_path(path, request).await.unwrap()
    }

    pub async fn read(
        &mut self,
        resource: &str,
        state: &Dynamic,
    ) -> (Dynamic, Vec<pb::Diagnostic>) {
        let ty = self.ty(resource);
        let request = pb::read_resource::Request {
            type_name: resource.to_owned(),
            current_state: Some(encode(state, &ty)),
            ..Default::default()
        };
        let answer: pb::read_resource::Response =
            self.call("/tfplugin6.Provider/ReadResource", request).await;
        (decode(answer.new_state, &ty), answer.diagnostics)
    }

    pub async fn read_data(
        &mut self,
        source: &str,
        values: &[(&str, Dynamic)],
    ) -> Vec<pb::Diagnostic> {
        self.find(source, values).await.1
    }

    /// What a data source finds, and what is said.
    pub async fn find(
        &mut self,
        source: &str,
        values: &[(&str, Dynamic)],
    ) -> (Dynamic, Vec<pb::Diagnostic>) {
        let ty = self.data_type(source);
        let request = pb::read_data_source::Request {
            type_name: source.to_owned(),
            config: Some(encode(&object(&ty, values), &ty)),
            ..Default::default()
        };
        let answer: pb::read_data_source::Response = self
            .call("/tfplugin6.Provider/ReadDataSource", request)
            .await;
        (decode(answer.state, &ty), answer.diagnostics)
    }

    /// How many associations the data source of the zone finds, with nothing said about it.
    pub async fn count_associations(&mut self) -> usize {
        let zone = [("zone_id", ZONE.into())];
        let (found, said) = self.find("aop_hostname_associations", &zone).await;
        assert_eq!(said, []);
        let Dynamic::List(rows) = get(&found, "associations") else {
            panic!("no list")
        };
        rows.len()
    }

    pub async fn apply(
        &mut self,
        resource: &str,
        prior: &Dynamic,
        planned: &Dynamic,
    ) -> (Dynamic, Vec<pb::Diagnostic>) {
        let ty = self.ty(resource);
        let request = pb::apply_resource_change::Request {
            type_name: resource.to_owned(),
            prior_state: Some(encode(prior, &ty)),
            planned_state: Some(encode(planned, &ty)),
            config: Some(encode(planned, &ty)),
            ..Default::default()
        };
        let answer: pb::apply_resource_change::Response = self
            .call("/tfplugin6.Provider/ApplyResourceChange", request)
            .await;
        (decode(answer.new_state, &ty), answer.diagnostics)
    }

    pub async fn destroy(
        &mut self,
        resource: &str,
        state: &Dynamic,
    ) -> (Dynamic, Vec<pb::Diagnostic>) {
        self.apply(resource, state, &Dynamic::Null).await
    }

    /// The provider is there, took no more memory than it may, and says these words in an
    /// error that is fit to be shown.
    pub async fn survives(&mut self, said: &[pb::Diagnostic], words: &[&str]) {
        assert!(!said.is_empty(), "nothing was said; wanted {words:?}");
        let mut all = String::new();
        for diagnostic in said {
            let text = format!("{}\n{}\n", diagnostic.summary, diagnostic.detail);
            assert!(text.len() < 8_000, "a message of {} bytes", text.len());
            all.push_str(&text);
        }
        for word in words {
            assert!(all.contains(word), "{word:?} is missing in {all}");
        }
        for secret in [TOKEN, &TOKEN[..20], &TOKEN[20..]] {
            assert!(!all.contains(secret), "{all}");
        }
        assert!(!all.contains(|c: char| c != '\n' && is_odd(c)), "{all:?}");
        assert!(!all.contains("\nError:"), "{all}");
        self.is_well().await;
    }

    /// The provider is there and took no more memory than it may.
    pub async fn is_well(&mut self) {
        assert!(self.plugin.child.try_wait().unwrap().is_none(), "it ended");
        assert_eq!(self.client.health("plugin").await.unwrap(), 1);
        let took = memory(self.plugin.child.id()).saturating_sub(self.at_rest);
        assert!(took < MOST_MEMORY, "{} MiB", took >> 20);
    }
}

fn is_odd(c: char) -> bool {
    let hidden = [
        '\u{200b}', '\u{200f}', '\u{2028}', '\u{202a}', '\u{202e}', '\u{feff}',
    ];
    c.is_control() || hidden.contains(&c)
}

/// The most memory that a process has had so far, in bytes.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() << 10
}

/// An answer with this result.
pub fn result(json: &str) -> String {
    format!(r#"{{"success":true,"errors":[],"messages":[],"result":{json}}}"#)
}
