//! A configured object, and the differences between two states of it.

use toml::Value;

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub key: &'static str,
    /// `None` if there is none.
    pub value: Option<Value>,
    /// Whether it is the default, which a file need not contain.
    pub is_usual: bool,
}

/// A configured object: a table of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    /// The heading: `[words]`, or `[[rule]]` if there may be several.
    pub heading: &'static str,
    /// Its name for people: `rule 'login'`.
    pub title: String,
    /// Its keys, in the order in which they are written.
    pub entries: Vec<Entry>,
    /// The nested tables, in order, identified by their titles: `step 1`.
    pub inner: Vec<Block>,
}

impl Block {
    pub(crate) fn new(heading: &'static str, title: impl Into<String>) -> Self {
        Block { heading, title: title.into(), entries: Vec::new(), inner: Vec::new() }
    }

    /// Adds a key that is always written.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.entries.push(Entry { key, value: Some(value.into()), is_usual: false });
        self
    }

    /// Adds a key that is written if it has a value.
    pub(crate) fn with_some(mut self, key: &'static str, value: Option<impl Into<Value>>) -> Self {
        let value = value.map(Into::into);
        self.entries.push(Entry { key, is_usual: value.is_none(), value });
        self
    }

    /// Adds a key that is written unless its value is the default.
    pub(crate) fn with_unusual(
        mut self,
        key: &'static str,
        value: impl Into<Value>,
        usual: impl Into<Value>,
    ) -> Self {
        let value = value.into();
        self.entries.push(Entry { key, is_usual: value == usual.into(), value: Some(value) });
        self
    }

    /// The differences in `new`, key by key, in the order of its keys; then the keys that `new`
    /// lacks.
    pub(crate) fn differences(&self, new: &Block) -> Vec<Difference> {
        let gone = self.entries.iter().filter(|entry| !new.has(entry.key));
        let keys = new.entries.iter().chain(gone).map(|entry| entry.key);
        let own = keys.map(|key| Difference::of(key, self.value(key), new.value(key)));
        let mut differences: Vec<Difference> = own.filter(|it| it.old != it.new).collect();
        differences.extend(self.inner_differences(new));
        differences
    }

    fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    fn value(&self, key: &str) -> Option<Value> {
        self.entries.iter().find(|entry| entry.key == key)?.value.clone()
    }

    /// For a nested table in both, the differences of its keys; for one in only one of them, its
    /// first value.
    fn inner_differences(&self, new: &Block) -> Vec<Difference> {
        let find = |blocks: &[Block], title: &str| {
            blocks.iter().find(|block| block.title == title).cloned()
        };
        let first = |block: &Block| block.entries.first().and_then(|entry| entry.value.clone());
        let mut differences = Vec::new();
        for inner in &new.inner {
            match find(&self.inner, &inner.title) {
                Some(old) => differences
                    .extend(old.differences(inner).into_iter().map(|it| it.within(&inner.title))),
                None => differences.push(Difference::of(&inner.title, None, first(inner))),
            }
        }
        let gone = self.inner.iter().filter(|inner| find(&new.inner, &inner.title).is_none());
        differences.extend(gone.map(|inner| Difference::of(&inner.title, first(inner), None)));
        differences
    }
}

/// A key whose value changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    pub key: String,
    /// `None` if it had none.
    pub old: Option<Value>,
    /// `None` if it has none.
    pub new: Option<Value>,
}

impl Difference {
    fn of(key: &str, old: Option<Value>, new: Option<Value>) -> Self {
        Difference { key: key.to_owned(), old, new }
    }

    fn within(self, title: &str) -> Self {
        Difference { key: format!("{title} {}", self.key), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(title: &str, text: &str) -> Block {
        Block::new("[[playbook.step]]", title).with("title", text).with("due_in_days", 2u8)
    }

    #[test]
    fn a_difference_names_the_key_with_what_was_and_what_is() {
        let old = Block::new("[[rule]]", "rule 'r'")
            .with("threshold", 15u8)
            .with_unusual("direction", "both", "both")
            .with_some("where", Some("plan = 'pro'"))
            .with_some("playbook", None::<&str>);
        let new = Block::new("[[rule]]", "rule 'r'")
            .with("threshold", 20u8)
            .with_unusual("direction", "down", "both")
            .with_some("where", None::<&str>)
            .with_some("playbook", Some("win-back"));
        let told: Vec<String> = old.differences(&new).iter().map(ToString::to_string).collect();
        let expected = [
            "threshold: 15 -> 20",
            r#"direction: "both" -> "down""#,
            r#"where: "plan = 'pro'" -> none"#,
            r#"playbook: none -> "win-back""#,
        ];
        assert_eq!(told, expected);
        assert_eq!(new.differences(&new), []);
    }

    #[test]
    fn inner_tables_are_compared_by_their_titles() {
        let with = |steps: &[Block]| Block {
            inner: steps.to_vec(),
            ..Block::new("[[playbook]]", "playbook 'p'")
        };
        let old = with(&[step("step 1", "Call"), step("step 2", "Write")]);
        let new = with(&[step("step 1", "Visit")]);
        let told = |old: &Block, new: &Block| {
            old.differences(new).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            told(&old, &new),
            [r#"step 1 title: "Call" -> "Visit""#, r#"step 2: "Write" -> none"#]
        );
        assert_eq!(
            told(&new, &old),
            [r#"step 1 title: "Visit" -> "Call""#, r#"step 2: none -> "Write""#]
        );
    }
}
