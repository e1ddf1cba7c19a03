//! What Taillight is tried with: a writer whose lines prove themselves, a viewer that checks them, peers that misbehave, a
//! network that fails. Tests, benchmarks and the long run use the same parts; none of it is in the product.

pub mod crowd;
pub mod figures;
