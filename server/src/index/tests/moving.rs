//! Counting side by side against counting in order, of logs that grow, shrink and fail meanwhile.
