use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Why an order was not accepted: the market's closed set. The index is the encoding, so the order never changes.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, Copy, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub enum Reason {
	Malformed,
	Signature,
	UnknownGateway,
	Revoked,
	Epoch,
	Conflict,
	WrongChain,
	WrongCommunity,
	MarketNotOpen,
	GateClosed,
	Expired,
	Cap,
	Collateral,
	Debt,
	Deviation,
	RateLimited,
	TooLarge,
	StoreUnavailable,
	ChainUnavailable,
}
