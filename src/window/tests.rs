//! What a window holds after each way in and out.
