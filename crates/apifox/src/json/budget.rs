/// Maximum number of JSON values on one page; it bounds the memory.
pub(crate) const MAX_PAGE_VALUES: usize = 200_000;

/// The number of values that may still be read.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
    all: usize,
}

impl Budget {
    /// Returns the budget for the schema list of a whole project.
    pub(crate) fn of_project() -> Self {
        Self::of(MAX_PAGE_VALUES * 10)
    }

    /// Consumes one value; returns `false` if the budget is used up.
    pub(crate) fn take(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or_default();
        left.is_some()
    }

    /// Returns the initial number of values.
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
