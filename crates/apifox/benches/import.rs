//! Pages per second for parsing and assembling, in each format.
//!
//! `cargo bench -p apifox`; the pages are generated in memory.

#![allow(missing_docs)]

#[path = "../tests/support/site.rs"]
mod site;

use std::hint::black_box;
use std::time::Duration;

use apifox::PageFormat;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use site::Site;

fn import(criterion: &mut Criterion) {
    for (name, form) in [
        ("rendered", PageFormat::Rendered),
        ("markdown", PageFormat::Markdown),
        ("published", PageFormat::Published),
    ] {
        let mut group = criterion.benchmark_group(name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_secs(1))
            .measurement_time(Duration::from_secs(5));
        for count in [20_u32, 200, 2_000] {
            let site = Site::new(form, count);
            group.throughput(Throughput::Elements(u64::from(count)));
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                bencher.iter(|| black_box(site.import()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, import);
criterion_main!(benches);
