//! What Taillight is tried with: a writer whose lines prove themselves, a viewer that checks them, peers that misbehave, a
//! network that fails. Tests, benchmarks and the long run use the same parts; none of it is in the product.

pub mod bad;
pub mod bench;
pub mod bench_scan;
pub mod check;
pub mod crowd;
pub mod figures;
pub mod folder;
pub mod proxy;
pub mod rotate;
pub mod server;
pub mod sizes;
pub mod storm;
