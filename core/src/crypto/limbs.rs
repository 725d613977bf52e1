//! Products, squares and Montgomery reductions of numbers of at most 2048 bits, in limbs of 59 bits.
//!
//! A limb leaves 5 bits of its word unused, so that a column of partial products fits a `u128` without a carry: safe
//! code then compiles to one multiplication and two additions per partial product. No branch and no index depends on a
//! value. The build script includes this file, to compute the table of [`comb`](super::comb).

/// Bits of one limb.
pub(super) const BITS: u32 = 59;
/// Limbs of a number: 2065 bits.
pub(super) const LIMBS: usize = 35;
const MASK: u64 = (1 << BITS) - 1;

/// Limbs of a block: the multiplications of two blocks are unrolled.
const BLOCK: usize = 5;

/// A number, its least significant limb first.
///
/// A limb of an operand may have up to 60 bits, and its value up to `16 n`. Each result has limbs of 59 bits and is less
/// than `n + n / 2^8`, which [`subtract_once`] reduces fully.
pub(super) type Limbs = [u64; LIMBS];
/// A sum of products, one column per limb, its carries not propagated.
pub(super) type Columns = [u128; 2 * LIMBS];

/// Reads a big-endian number.
pub(super) fn from_be_bytes(bytes: &[u8; 256]) -> Limbs {
    let mut limbs = [0; LIMBS];
    let mut to = limbs.iter_mut();
    let (mut pending, mut filled) = (0_u128, 0);
    for word in bytes.as_rchunks::<8>().1.iter().rev() {
        pending |= u128::from(u64::from_be_bytes(*word)) << filled;
        filled += u64::BITS;
        while filled >= BITS
            && let Some(limb) = to.next()
        {
            *limb = pending as u64 & MASK;
            pending >>= BITS;
            filled -= BITS;
        }
    }
    if let Some(limb) = to.next() {
        *limb = pending as u64;
    }
    limbs
}

/// Writes a fully reduced number big-endian.
pub(super) fn write_be_bytes(limbs: &Limbs, bytes: &mut [u8; 256]) {
    let mut from = limbs.iter();
    let (mut pending, mut filled) = (0_u128, 0);
    for word in bytes.as_rchunks_mut::<8>().1.iter_mut().rev() {
        while filled < u64::BITS
            && let Some(limb) = from.next()
        {
            pending |= u128::from(*limb) << filled;
            filled += BITS;
        }
        *word = (pending as u64).to_be_bytes();
        pending >>= u64::BITS;
        filled = filled.saturating_sub(u64::BITS);
    }
}

/// Returns `-1 / n mod 2^59`. `n` must be odd.
pub(super) fn negative_inverse(n: &Limbs) -> u64 {
    // Each step doubles the number of right bits; n * n = 1 mod 8.
    let mut inverse = n[0];
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(n[0].wrapping_mul(inverse)));
    }
    inverse.wrapping_neg() & MASK
}

/// Writes `a * b`.
pub(super) fn multiply(a: &Limbs, b: &Limbs, product: &mut Columns) {
    product.fill(0);
    let columns = product.as_chunks_mut::<BLOCK>().0;
    let b = b.as_chunks::<BLOCK>().0;
    for (first, a) in a.as_chunks::<BLOCK>().0.iter().enumerate() {
        add_products(&mut columns[first..], a, b);
    }
}

/// Writes `a * a`. `doubled` is scratch space.
pub(super) fn square(a: &Limbs, doubled: &mut Limbs, product: &mut Columns) {
    product.fill(0);
    let columns = product.as_chunks_mut::<BLOCK>().0;
    for (doubled, limb) in doubled.iter_mut().zip(a) {
        *doubled = limb << 1;
    }
    let a = a.as_chunks::<BLOCK>().0;
    for (first, (doubled, block)) in doubled.as_chunks::<BLOCK>().0.iter().zip(a).enumerate() {
        add_square(&mut columns[2 * first..], block, doubled);
        add_products(&mut columns[2 * first + 1..], doubled, &a[first + 1..]);
    }
}

/// Writes `product / 2^2065 mod n`. `product` is used up.
pub(super) fn reduce(product: &mut Columns, n: &Limbs, negative_inverse: u64, result: &mut Limbs) {
    let mut carry = 0;
    let columns = product.as_chunks_mut::<BLOCK>().0;
    if let [n, rest @ ..] = n.as_chunks::<BLOCK>().0 {
        for first in 0..LIMBS / BLOCK {
            let columns = &mut columns[first..];
            let quotient = clear_block(columns, n, negative_inverse, &mut carry);
            add_products(&mut columns[1..], &quotient, rest);
        }
    }
    for (limb, column) in result.iter_mut().zip(&product[LIMBS..]) {
        carry += column;
        *limb = carry as u64 & MASK;
        carry >>= BITS;
    }
}

/// Subtracts `n` if the number is not less than `n`. `difference` is scratch space.
pub(super) fn subtract_once(number: &mut Limbs, n: &Limbs, difference: &mut Limbs) {
    let mut borrow = 0;
    for ((difference, limb), n) in difference.iter_mut().zip(&*number).zip(n) {
        let signed = limb.wrapping_sub(*n).wrapping_sub(borrow);
        borrow = signed >> 63;
        *difference = signed & MASK;
    }
    let is_less = borrow.wrapping_neg();
    for (limb, difference) in number.iter_mut().zip(difference) {
        *limb = *limb & is_less | *difference & !is_less;
    }
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

/// Adds `a * b` to the columns from the first on.
#[inline(always)]
fn add_products(columns: &mut [[u128; BLOCK]], a: &[u64; BLOCK], b: &[[u64; BLOCK]]) {
    let mut columns = columns.iter_mut();
    let Some(mut low) = columns.next() else { return };
    for (b, high) in b.iter().zip(columns) {
        for column in 0..BLOCK {
            let mut sum = low[column];
            for i in 0..column + 1 {
                sum += product(a[i], b[column - i]);
            }
            low[column] = sum;
        }
        for column in 0..BLOCK - 1 {
            let mut sum = high[column];
            for i in column + 1..BLOCK {
                sum += product(a[i], b[column + BLOCK - i]);
            }
            high[column] = sum;
        }
        low = high;
    }
}

/// Adds the square of a block to the first two blocks of columns. `doubled` is twice the block.
#[inline(always)]
fn add_square(columns: &mut [[u128; BLOCK]], block: &[u64; BLOCK], doubled: &[u64; BLOCK]) {
    let [low, high, ..] = columns else { return };
    for at in 0..2 * BLOCK - 1 {
        let column = if at < BLOCK { &mut low[at] } else { &mut high[at - BLOCK] };
        let mut sum = *column;
        for i in (at + 1).saturating_sub(BLOCK)..at.div_ceil(2) {
            sum += product(doubled[i], block[at - i]);
        }
        if at % 2 == 0 {
            sum += product(block[at / 2], block[at / 2]);
        }
        *column = sum;
    }
}

/// Adds the multiple of the first block of `n` that clears the first block of columns, and returns its factor, limb by
/// limb.
#[inline(always)]
fn clear_block(
    columns: &mut [[u128; BLOCK]],
    n: &[u64; BLOCK],
    negative_inverse: u64,
    carry: &mut u128,
) -> [u64; BLOCK] {
    let mut quotient = [0; BLOCK];
    let [low, high, ..] = columns else { return quotient };
    for column in 0..BLOCK {
        let mut sum = low[column] + *carry;
        for i in 0..column {
            sum += product(quotient[i], n[column - i]);
        }
        quotient[column] = (sum as u64).wrapping_mul(negative_inverse) & MASK;
        sum += product(quotient[column], n[0]);
        *carry = sum >> BITS;
    }
    for column in 0..BLOCK - 1 {
        let mut sum = high[column];
        for i in column + 1..BLOCK {
            sum += product(quotient[i], n[column + BLOCK - i]);
        }
        high[column] = sum;
    }
    quotient
}
