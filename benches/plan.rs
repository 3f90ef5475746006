//! The planner on the resources themselves.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;

use aop_simulator::pki::Authority;
use criterion::{BatchSize, Criterion};
use framework::value::{Dynamic, Type};
use framework::{PlanRequest, Private};
use terraform_provider_aop::resources;

fn object(ty: &Type, values: &[(&str, Dynamic)]) -> Dynamic {
    let Type::Object(attributes) = ty else {
        unreachable!()
    };
    let entries = attributes.keys().map(|name| {
        let given = values.iter().find(|(given, _)| given == name);
        (
            name.clone(),
            given.map_or(Dynamic::Null, |(_, value)| value.clone()),
        )
    });
    Dynamic::Map(entries.collect())
}

fn main() {
    let now: jiff::Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    let made = Authority::new("CA").unwrap().client("shop", now).unwrap();
    let certificate = [
        ("zone_id", Dynamic::from("023e105f4ecef8ad9ca31a8372d0c353")),
        ("certificate", Dynamic::from(made.certificate.as_str())),
        ("private_key", Dynamic::from(made.private_key.as_str())),
    ];
    let association = [
        ("zone_id", Dynamic::from("023e105f4ecef8ad9ca31a8372d0c353")),
        ("hostname", Dynamic::from("app.example.com")),
        (
            "certificate_id",
            Dynamic::from("2458ce5a-0c35-4c7f-82c7-8e9487d3ff60"),
        ),
    ];
    let many = |count: usize| {
        let entry = [
            ("certificate_id".to_owned(), association[2].1.clone()),
            ("enabled".to_owned(), Dynamic::Null),
        ];
        let entry = Dynamic::Map(entry.into());
        let entries = (0..count).map(|n| (format!("h{n}.example.com"), entry.clone()));
        let entries = Dynamic::Map(entries.collect());
        vec![association[0].clone(), ("associations", entries)]
    };
    let (hundred, thousand, ten_thousand) = (many(100), many(1000), many(10_000));
    let mut criterion = Criterion::default().configure_from_args();
    for (name, case, values) in [
        ("aop_hostname_certificate", "", certificate.as_slice()),
        ("aop_hostname_association", "", association.as_slice()),
        ("aop_hostname_associations", "/100", hundred.as_slice()),
        ("aop_hostname_associations", "/1000", thousand.as_slice()),
        (
            "aop_hostname_associations",
            "/10000",
            ten_thousand.as_slice(),
        ),
    ] {
        let all = resources::all();
        let resource = all.iter().find(|resource| resource.name() == name).unwrap();
        let config = object(&resource.schema().ty, values);
        let plan = |prior: Dynamic, config: Dynamic| {
            let answer = resource.plan(
                PlanRequest {
                    proposed: config.clone(),
                    config,
                    prior,
                    private: Private::default(),
                    identity: Dynamic::Null,
                    now,
                },
                &resources::Settings::default(),
            );
            assert!(!answer.diagnostics.has_error());
            answer
        };
        let prior = plan(Dynamic::Null, config.clone()).planned.unwrap();
        for (kind, prior) in [("create", Dynamic::Null), ("update", prior)] {
            criterion.bench_function(&format!("plan/{kind}/{name}{case}"), |b| {
                b.iter_batched(
                    || (prior.clone(), config.clone()),
                    |(prior, config)| black_box(plan(prior, config)),
                    BatchSize::LargeInput,
                );
            });
        }
    }
    criterion.final_summary();
}
