//! Compressed files of every kind and in every state.
