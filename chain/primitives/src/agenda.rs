//! Work that falls due at a time, done a bounded number of steps per block.

use alloc::vec::Vec;

/// Walks the minutes (Unix time / 60) from `cursor` up to `now_minute` and works on what is due in each: `due` lists up to
/// so many pieces of work of a minute, `work` does up to so many steps of one and says how many are left; what is done it
/// removes. Looking at a minute and finding a piece are a step each. Yields the minute to go on from and the steps left. A
/// minute is left only when nothing more can come to it.
///
/// A minute's pieces are listed once: a new look for each would walk past all that were removed before.
pub fn walk<K>(
	cursor: u64,
	now_minute: u64,
	mut left: u64,
	due: impl Fn(u64, u64) -> Vec<K>,
	mut work: impl FnMut(u64, K, u64) -> u64,
) -> (u64, u64) {
	let mut minute = cursor;
	while left > 0 && minute <= now_minute {
		left -= 1;
		let most = left;
		let pieces = due(minute, most);
		let all = (pieces.len() as u64) < most;
		for piece in pieces {
			if left == 0 {
				return (minute, 0);
			}
			left = work(minute, piece, left - 1);
		}
		// what is not done stays where it was, and this minute is looked at again
		if left == 0 || !all || minute == now_minute {
			break;
		}
		minute += 1;
	}
	(minute, left)
}
