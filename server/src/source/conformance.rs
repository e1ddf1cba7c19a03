//! What every source must do, whatever is behind it.
