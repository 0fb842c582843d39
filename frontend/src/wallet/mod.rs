//! The wallet's view logic.
