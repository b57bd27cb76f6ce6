//! Sums of amounts that lose no digit.

use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;

const DIGITS: u32 = 28;
/// Parts of one: the finest that a decimal of rust_decimal has.
const ONE: i128 = 10_i128.pow(DIGITS);

/// A sum of decimals. Adding two decimals of rust_decimal rounds where the digits don't fit; this
/// does not, for more than a thousand million additions of the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Exact {
    whole: i128,
    /// From 0 to one less than `ONE`, also below zero: the order of the fields is that of values.
    parts: i128,
}

impl Exact {
    pub(crate) const ZERO: Self = Self { whole: 0, parts: 0 };

    /// As a decimal; `None`: it has more digits than one holds.
    pub(crate) fn to_decimal(self) -> Option<Decimal> {
        let (mut parts, mut scale) = (self.parts, DIGITS);
        while scale > 0 && parts % 10 == 0 {
            parts /= 10;
            scale -= 1;
        }
        let digits = self.whole.checked_mul(10_i128.checked_pow(scale)?)?;
        Decimal::try_from_i128_with_scale(digits.checked_add(parts)?, scale).ok()
    }
}

impl From<Decimal> for Exact {
    fn from(decimal: Decimal) -> Self {
        let scale = decimal.scale();
        let unit = 10_i128.pow(scale);
        Self {
            whole: decimal.mantissa().div_euclid(unit),
            parts: decimal.mantissa().rem_euclid(unit) * 10_i128.pow(DIGITS - scale),
        }
    }
}

impl Add for Exact {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let parts = self.parts + other.parts;
        let whole = self.whole.saturating_add(other.whole);
        Self {
            whole: whole.saturating_add(parts / ONE),
            parts: parts % ONE,
        }
    }
}

impl Neg for Exact {
    type Output = Self;

    fn neg(self) -> Self {
        let carried = i128::from(self.parts > 0);
        Self {
            whole: self.whole.saturating_neg() - carried,
            parts: carried * (ONE - self.parts),
        }
    }
}

impl Sub for Exact {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl AddAssign for Exact {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Exact {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl std::iter::Sum for Exact {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_whole_numbers(amounts: Vec<(i64, bool)>, scale in 0_u32..=28) {
            let sum: Exact = amounts.iter().map(|(digits, back)| {
                let amount = Exact::from(Decimal::new(*digits, scale));
                if *back { -amount } else { amount }
            }).sum();
            let expected: i128 = amounts.iter().map(|(digits, back)| {
                let digits = i128::from(*digits);
                if *back { -digits } else { digits }
            }).sum();
            prop_assert_eq!(sum.to_decimal(), Decimal::try_from_i128_with_scale(expected, scale).ok());
            prop_assert_eq!(sum < Exact::ZERO, expected < 0);
        }
    }

    #[test]
    fn keeps_what_a_decimal_would_round() {
        let (large, small) = (Decimal::MAX, Decimal::new(1, 28));
        assert_eq!(large + small, large, "why this type is here");
        let sum = Exact::from(large) + Exact::from(small);
        assert_eq!(sum.to_decimal(), None);
        assert_eq!((sum - Exact::from(large)).to_decimal(), Some(small));
        assert_eq!(sum - sum, Exact::ZERO);
        assert_eq!((-Exact::from(small)).to_decimal(), Some(-small));
    }
}
