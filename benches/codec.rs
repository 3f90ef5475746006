//! The value codec on small and large objects; linear in the size of the input.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use framework::value::{Dynamic, Type, from_json, from_msgpack, to_msgpack};

const TYPE: &str = r#"["object",{"zone_id":"string","associations":["map",["object",{"certificate_id":"string","enabled":"bool"}]]}]"#;

fn value(count: usize) -> Dynamic {
    let association = |number: usize| {
        let attributes = [
            (
                "certificate_id",
                Dynamic::from("2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"),
            ),
            ("enabled", Dynamic::Bool(true)),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        (
            format!("host-{number}.example.com"),
            Dynamic::Map(attributes.into()),
        )
    };
    let zone = (
        "zone_id".to_owned(),
        Dynamic::from("023e105f4ecef8ad9ca31a8372d0c353"),
    );
    let all = (
        "associations".to_owned(),
        Dynamic::Map((0..count).map(association).collect()),
    );
    Dynamic::Map([zone, all].into())
}

fn json(count: usize) -> String {
    let entries: Vec<String> = (0..count)
        .map(|number| {
            format!(
                r#""host-{number}.example.com":{{"certificate_id":"2458ce5a-0c35-4c7f-82c7-8e9487d3ff60","enabled":true}}"#
            )
        })
        .collect();
    format!(
        r#"{{"zone_id":"z","associations":{{{}}}}}"#,
        entries.join(",")
    )
}

fn main() {
    let ty = Type::from_json(TYPE.as_bytes()).unwrap();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("codec");
    for count in [1, 100, 10_000] {
        let value = value(count);
        let msgpack = to_msgpack(&value, &ty).unwrap();
        let json = json(count);
        group.throughput(Throughput::Bytes(u64::try_from(msgpack.len()).unwrap()));
        group.bench_function(BenchmarkId::new("msgpack-decode", count), |b| {
            b.iter(|| from_msgpack(black_box(&msgpack), &ty));
        });
        group.bench_function(BenchmarkId::new("msgpack-encode", count), |b| {
            b.iter(|| to_msgpack(black_box(&value), &ty));
        });
        group.bench_function(BenchmarkId::new("json-decode", count), |b| {
            b.iter(|| from_json(black_box(json.as_bytes()), &ty));
        });
    }
    group.finish();
    criterion.final_summary();
}
