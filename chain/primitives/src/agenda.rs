//! Work that falls due at a time, done a bounded number of steps per block.

/// Walks the minutes (Unix time / 60) from `cursor` up to `now_minute` and works on what is due in each: `next` finds one
/// piece of work of a minute, `work` does up to so many steps of it and says how many are left; what is done it removes.
/// Yields the minute to go on from and the steps left. A minute is left only when nothing more can come to it.
pub fn walk<K>(
	cursor: u64,
	now_minute: u64,
	mut left: u64,
	next: impl Fn(u64) -> Option<K>,
	mut work: impl FnMut(u64, K, u64) -> u64,
) -> (u64, u64) {
	let mut minute = cursor;
	while left > 0 && minute <= now_minute {
		left -= 1;
		match next(minute) {
			Some(key) => left = work(minute, key, left),
			None if minute < now_minute => minute += 1,
			None => break,
		}
	}
	(minute, left)
}
