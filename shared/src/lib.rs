//! The Cairn protocol: data, rules, proofs and signing. Pure; the same bytes and verdicts in node and browser.
