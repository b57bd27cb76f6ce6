//! How much of a page is read.

/// How many values the examples of one page may hold: more would only take memory.
pub(crate) const MAX_PAGE_VALUES: usize = 200_000;

/// What is left of the values that a page may hold.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    all: usize,
}

impl Budget {
    /// Room for a whole project's schemas.
    pub(crate) fn of_project() -> Self {
        Self::of(MAX_PAGE_VALUES * 10)
    }

    /// Takes one value; `false`: none is left.
    pub(crate) fn take(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or_default();
        left.is_some()
    }

    /// How many there were at first.
    pub(super) fn all(&self) -> usize {
        self.all
    }

    fn of(all: usize) -> Self {
        Self { left: all, all }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::of(MAX_PAGE_VALUES)
    }
}
