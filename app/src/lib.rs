//! The Leptos application of Taillight: components, and the doors to the browser.

pub mod app;
pub mod boot;

pub use app::App;
