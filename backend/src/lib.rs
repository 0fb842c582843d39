//! The Cairn node.
