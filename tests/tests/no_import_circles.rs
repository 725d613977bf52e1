//! No files of a crate import each other, directly or indirectly: each file can be read before the files that use it.
//!
//! Names that come through a facade (`pub use`) or a glob count for the file that defines them. Bodies of macros are read
//! if they are expressions, as those of `assert!` and `format!` are; those of `macro_rules!` and `matches!` are not.

mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, ItemMod, ItemUse, Token, UseTree};

/// A module, in a file of its own or inside one.
#[derive(Default)]
struct Module {
    file: usize,
    children: BTreeMap<String, usize>,
    parent: Option<usize>,
    defined: BTreeSet<String>,
    /// Name here, path there.
    imported: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Every path that the module names.
    named: Vec<Vec<String>>,
}

#[derive(Default)]
struct Crate {
    files: Vec<PathBuf>,
    modules: Vec<Module>,
}

/// Whether an item is left out: a test, or the twin of an item that a feature makes public.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Ok(list) = attribute.meta.require_list() else { return false };
        let condition = list.tokens.to_string();
        attribute.path().is_ident("cfg")
            && (condition == "test" || condition == r#"not (feature = "unstable")"#)
    })
}

impl Crate {
    fn read(root: &Path) -> Self {
        let mut this = Self::default();
        this.read_file(root, root.parent().expect("a file lies in a folder"), None);
        this
    }

    /// Reads a file as a module whose own modules lie in `folder`.
    fn read_file(&mut self, file: &Path, folder: &Path, parent: Option<usize>) -> usize {
        let source = fs::read_to_string(file).expect("the file is text");
        let syntax = syn::parse_file(&source).expect("the file is Rust");
        self.files.push(file.to_path_buf());
        let number = self.files.len() - 1;
        self.read_module(&syntax.items, number, folder, parent)
    }

    fn read_module(&mut self, items: &[Item], file: usize, folder: &Path, parent: Option<usize>) -> usize {
        let me = self.modules.len();
        self.modules.push(Module { file, parent, ..Module::default() });
        for item in items {
            if let Item::Mod(module) = item {
                self.read_child(module, file, folder, me);
                continue;
            }
            let mut names = Names::default();
            names.visit_item(item);
            let module = &mut self.modules[me];
            module.defined.extend(names.defined);
            module.imported.extend(names.imported);
            module.globs.extend(names.globs);
            module.named.extend(names.named);
        }
        me
    }

    fn read_child(&mut self, module: &ItemMod, file: usize, folder: &Path, me: usize) {
        if is_left_out(&module.attrs) {
            return;
        }
        let name = module.ident.to_string();
        let folder = folder.join(&name);
        let child = match &module.content {
            Some((_, items)) => self.read_module(items, file, &folder, Some(me)),
            None => {
                let path = [folder.with_extension("rs"), folder.join("mod.rs")]
                    .into_iter()
                    .find(|path| path.exists());
                self.read_file(&path.expect("the module has a file"), &folder, Some(me))
            }
        };
        self.modules[me].children.insert(name, child);
    }

    /// The module that defines what `path`, named in `module`, means. `None`: another crate's, or a method.
    fn resolve(&self, module: usize, path: &[String], depth: usize) -> Option<usize> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => return self.descend(0, rest, depth),
            "self" => return self.descend(module, rest, depth),
            "super" => return self.descend(self.modules[module].parent?, rest, depth),
            _ => {}
        }
        self.descend(module, path, depth)
    }

    fn descend(&self, module: usize, path: &[String], depth: usize) -> Option<usize> {
        if depth > 20 {
            return None;
        }
        let here = &self.modules[module];
        let Some((first, rest)) = path.split_first() else { return Some(module) };
        if first == "super" || first == "self" {
            return self.resolve(module, path, depth + 1);
        }
        if let Some(child) = here.children.get(first) {
            return if rest.is_empty() { None } else { self.descend(*child, rest, depth + 1) };
        }
        if here.defined.contains(first) {
            return Some(module);
        }
        if let Some(target) = here.imported.get(first) {
            if target == path {
                return None;
            }
            let path: Vec<String> = target.iter().chain(rest).cloned().collect();
            return self.resolve(module, &path, depth + 1);
        }
        here.globs.iter().find_map(|glob| {
            let path: Vec<String> = glob.iter().chain(path).cloned().collect();
            self.resolve(module, &path, depth + 1)
        })
    }

    /// For every file, the files that define what it names.
    fn imports(&self) -> Vec<BTreeSet<usize>> {
        let mut imports = vec![BTreeSet::new(); self.files.len()];
        for (number, module) in self.modules.iter().enumerate() {
            for path in &module.named {
                if let Some(target) = self.resolve(number, path, 0) {
                    let target = self.modules[target].file;
                    if target != module.file {
                        imports[module.file].insert(target);
                    }
                }
            }
        }
        imports
    }

    /// The sets of files each of which reaches all others of its set.
    fn circles(&self) -> Vec<Vec<String>> {
        let imports = self.imports();
        let reach: Vec<BTreeSet<usize>> = (0..imports.len()).map(|file| reachable(&imports, file)).collect();
        let mut circles = BTreeSet::new();
        for file in 0..imports.len() {
            if reach[file].contains(&file) {
                let circle: Vec<usize> =
                    reach[file].iter().copied().filter(|other| reach[*other].contains(&file)).collect();
                circles.insert(circle);
            }
        }
        let name = |file: usize| self.files[file].display().to_string();
        circles.into_iter().map(|circle| circle.into_iter().map(name).collect()).collect()
    }
}

fn reachable(imports: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = imports[from].iter().copied().collect();
    while let Some(file) = open.pop() {
        if seen.insert(file) {
            open.extend(&imports[file]);
        }
    }
    seen
}

/// What one item defines, imports and names.
#[derive(Default)]
struct Names {
    defined: BTreeSet<String>,
    imported: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    named: Vec<Vec<String>>,
}

impl Names {
    fn take_use(&mut self, tree: &UseTree, mut path: Vec<String>, is_public: bool) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.take_use(&part.tree, path, is_public);
            }
            UseTree::Name(name) if name.ident == "self" => {
                let alias = path.last().cloned().unwrap_or_default();
                self.take_import(alias, path, is_public);
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.take_import(name.ident.to_string(), path, is_public);
            }
            UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                self.take_import(rename.rename.to_string(), path, is_public);
            }
            UseTree::Glob(_) => self.globs.push(path),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.take_use(tree, path.clone(), is_public);
                }
            }
        }
    }

    /// A `pub use` is a facade for others, not an import of its own file.
    fn take_import(&mut self, alias: String, path: Vec<String>, is_public: bool) {
        if !is_public {
            self.named.push(path.clone());
        }
        self.imported.insert(alias, path);
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        let (name, attributes) = match item {
            Item::Const(item) => (Some(&item.ident), &item.attrs),
            Item::Enum(item) => (Some(&item.ident), &item.attrs),
            Item::Fn(item) => (Some(&item.sig.ident), &item.attrs),
            Item::Macro(item) => (item.ident.as_ref(), &item.attrs),
            Item::Static(item) => (Some(&item.ident), &item.attrs),
            Item::Struct(item) => (Some(&item.ident), &item.attrs),
            Item::Trait(item) => (Some(&item.ident), &item.attrs),
            Item::Type(item) => (Some(&item.ident), &item.attrs),
            Item::Union(item) => (Some(&item.ident), &item.attrs),
            Item::Use(item) => (None, &item.attrs),
            Item::Impl(item) => (None, &item.attrs),
            _ => return visit::visit_item(self, item),
        };
        if is_left_out(attributes) {
            return;
        }
        self.defined.extend(name.map(ToString::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        self.take_use(&item.tree, Vec::new(), is_public);
    }

    /// `pub(super)` names no item.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.named.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        if let Ok(arguments) = node.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            let mut inside = Names::default();
            arguments.iter().for_each(|argument| inside.visit_expr(argument));
            self.named.extend(inside.named);
        }
        visit::visit_macro(self, node);
    }
}

/// The roots of the targets below `src` of every crate of the workspace.
fn roots(workspace: &Path) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    for member in workspace::members(workspace) {
        let src = workspace.join(&member).join("src");
        let before = roots.len();
        roots.extend([src.join("lib.rs"), src.join("main.rs")].into_iter().filter(|root| root.exists()));
        assert!(roots.len() > before, "{member} has no root");
        let Ok(binaries) = fs::read_dir(src.join("bin")) else { continue };
        for binary in binaries {
            let path = binary.expect("the folder can be listed").path();
            roots.push(if path.is_dir() { path.join("main.rs") } else { path });
        }
    }
    roots
}

/// Files that are still in a circle. The list only gets shorter.
const STILL_IN_CIRCLES: &[&str] = &[];

#[test]
fn no_files_import_each_other() {
    let workspace = workspace::root();
    let mut found = BTreeSet::new();
    let mut circles = Vec::new();
    let roots = roots(&workspace);
    assert!(roots.len() > 10, "{roots:?}");
    for root in roots {
        let this = Crate::read(&root);
        let arrows: usize = this.imports().iter().map(BTreeSet::len).sum();
        assert!(arrows > 0 || this.files.len() < 3, "the test sees the imports of {}", root.display());
        for circle in this.circles() {
            let circle: Vec<String> = circle.iter().map(|file| within(&workspace, file)).collect();
            circles.push(format!("{} files: {}", circle.len(), circle.join(" ")));
            found.extend(circle);
        }
    }
    let allowed: BTreeSet<String> = STILL_IN_CIRCLES.iter().map(ToString::to_string).collect();
    let new: Vec<_> = found.difference(&allowed).collect();
    assert!(new.is_empty(), "{new:?} are in circles of imports:\n{}", circles.join("\n"));
    let gone: Vec<_> = allowed.difference(&found).collect();
    assert!(gone.is_empty(), "{gone:?} are in no circle any more: take them off the list");
}

/// The file's path from the workspace's folder.
fn within(workspace: &Path, file: &str) -> String {
    let folder = format!("{}/", workspace.display());
    file.strip_prefix(&folder).unwrap_or(file).to_string()
}

/// Writes the files of a made-up crate and returns the circles in it.
fn circles_of(name: &str, files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no_import_circles").join(name);
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }
    let circles = Crate::read(&folder.join("lib.rs")).circles();
    let circles = circles.iter().map(|circle| circle.iter().map(|file| within(&folder, file)).collect());
    circles.collect()
}

#[test]
fn a_circle_through_a_facade_is_found() {
    let files = [
        ("lib.rs", "mod low; mod part; mod user;"),
        ("low.rs", "pub struct Low;"),
        ("part/mod.rs", "mod first; mod second; pub use first::First; pub use second::Second;"),
        ("part/first.rs", "use super::Second; use crate::low::Low; pub struct First(Second, Low);"),
        ("part/second.rs", "pub struct Second; impl Second { fn make() { crate::part::First::make() } }"),
        ("user.rs", "use crate::part::{First, Second}; fn both(_: First, _: Second) {}"),
    ];
    assert_eq!(circles_of("facade", &files), [["part/first.rs", "part/second.rs"]]);
}

#[test]
fn a_circle_through_a_group_is_found() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; pub use a::A; pub use b::B;"),
        ("a.rs", "use crate::{b, c::{self, C}}; pub struct A(b::B, C); fn make() { c::make() }"),
        ("b.rs", "use crate::c::C; pub struct B(C);"),
        ("c.rs", "use crate::{A as Other, B}; pub struct C(Other, B); pub fn make() {}"),
    ];
    assert_eq!(circles_of("group", &files), [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn a_circle_through_a_glob_or_a_macro_is_found() {
    let globs = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::*; pub const A: u8 = 1; pub const C: u8 = B;"),
        ("b.rs", "use super::a::*; pub const B: u8 = A;"),
    ];
    assert_eq!(circles_of("glob", &globs), [["a.rs", "b.rs"]]);
    let macros = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub fn a() { assert!(crate::b::b(), \"no\") }"),
        ("b.rs", "pub fn b() -> bool { println!(\"{}\", super::a::a()); true }"),
    ];
    assert_eq!(circles_of("macro", &macros), [["a.rs", "b.rs"]]);
}

#[test]
fn files_in_levels_and_tests_are_no_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::A; fn test(_: A) {} }"),
    ];
    assert_eq!(circles_of("levels", &files), Vec::<Vec<String>>::new());
}
