/// What two neighbouring tokens merge into.
///
/// Open addressing with linear probing, at most half full; the hot loop of encoding is this lookup.
struct PairTable: Sendable {
    /// The rank of a merge in its upper half (lower merges first), the resulting id in its lower.
    typealias Merge = UInt64

    /// Greater than every merge: these two do not merge.
    static let none = Merge.max

    private struct Slot {
        var pair: UInt64
        var merge: Merge
    }

    private var slots: [Slot]

    /// - Parameter capacity: The number of merges there will be, at most.
    init(capacity: Int) {
        slots = Array(
            repeating: Slot(pair: 0, merge: Self.none), count: 1 << (64 - max(7, 2 * capacity - 1).leadingZeroBitCount))
    }

    /// Adds a merge; of two for the same pair the later counts.
    mutating func insert(_ left: UInt32, _ right: UInt32, rank: Int, result: Int) {
        let pair = UInt64(left) << 32 | UInt64(right)
        var slot = Int(truncatingIfNeeded: mix(pair)) & (slots.count - 1)
        while slots[slot].merge != Self.none, slots[slot].pair != pair { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Slot(pair: pair, merge: UInt64(rank) << 32 | UInt64(result))
    }

    /// What `left` and `right` merge into, or ``none``.
    @inline(__always)
    func merge(_ left: UInt32, _ right: UInt32) -> Merge {
        let pair = UInt64(left) << 32 | UInt64(right)
        return slots.withUnsafeBufferPointer { slots in
            var slot = Int(truncatingIfNeeded: mix(pair)) & (slots.count - 1)
            while slots[slot].merge != Self.none {
                if slots[slot].pair == pair { return slots[slot].merge }
                slot = (slot + 1) & (slots.count - 1)
            }
            return Self.none
        }
    }

    /// The rank of a merge: of neighbours that may merge the lowest do. That of ``none`` is the highest.
    @inline(__always)
    static func rank(of merge: Merge) -> UInt32 {
        UInt32(truncatingIfNeeded: merge >> 32)
    }

    /// The id that a merge results in.
    @inline(__always)
    static func result(of merge: Merge) -> UInt32 {
        UInt32(truncatingIfNeeded: merge)
    }
}
