//! Functions one can hold in one's head.

use syn::{spanned::Spanned, visit::Visit};

/// The longest function, lines from signature to closing brace.
const MAX_LINES: usize = 70;

#[derive(Default)]
struct Lengths {
    found: Vec<(String, usize, usize)>,
}

impl Lengths {
    fn note(&mut self, name: &syn::Ident, whole: proc_macro2::Span) {
        let (start, end) = (whole.start().line, whole.end().line);
        self.found.push((name.to_string(), start, end + 1 - start));
    }
}

impl<'ast> Visit<'ast> for Lengths {
    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        self.note(
            &f.sig.ident,
            f.sig.span().join(f.block.span()).unwrap_or(f.block.span()),
        );
        syn::visit::visit_item_fn(self, f);
    }

    fn visit_impl_item_fn(&mut self, f: &'ast syn::ImplItemFn) {
        self.note(
            &f.sig.ident,
            f.sig.span().join(f.block.span()).unwrap_or(f.block.span()),
        );
        syn::visit::visit_impl_item_fn(self, f);
    }
}

#[test]
fn no_function_is_longer_than_seventy_lines() {
    let mut findings = Vec::new();
    let mut functions = 0;
    for (path, text) in super::sources(&["rs"]) {
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut lengths = Lengths::default();
        lengths.visit_file(&file);
        functions += lengths.found.len();
        for (name, line, length) in lengths.found {
            if length > MAX_LINES {
                findings.push(format!(
                    "{}:{line}: {name} has {length} lines",
                    path.display()
                ));
            }
        }
    }
    assert!(
        functions > 50,
        "only {functions} functions were seen: the visitor is broken"
    );
    super::assert_none("functions that are too long", findings);
}
