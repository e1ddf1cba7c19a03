//! Conversations with the server: inputs and the effects they must have.

mod model;
