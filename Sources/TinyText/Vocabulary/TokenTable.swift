/// Tokens and their ids, both ways.
///
/// Tokens are compared byte by byte: `Swift.String` would take canonically equivalent spellings for the same token.
/// Open addressing with linear probing, at most half full; a lookup costs one hash and, usually, one comparison.
struct TokenTable: Sendable {
    /// Ids are array indices, so a very large id in a file must not exhaust memory.
    static let largestID = 1 << 24 - 1

    /// Half of a token's hash, which decides most comparisons without reading the spelling, and its id.
    private struct Slot {
        var hash: UInt32
        /// One more than the id; 0 is a free slot.
        var successorOfID: UInt32

        static let free = Slot(hash: 0, successorOfID: 0)
        var isFree: Bool { successorOfID == 0 }
        var id: Int { Int(successorOfID) - 1 }
    }

    /// All spellings, end to end.
    private var bytes: [UInt8] = []
    /// Where the spelling of each id lies; nil for ids without a token.
    private var ranges: [Range<UInt32>?] = []
    /// The count is a power of two.
    private var slots: [Slot]
    /// The number of tokens.
    private(set) var count = 0

    /// - Parameter capacity: The number of tokens expected; more are accepted.
    init(capacity: Int) {
        slots = Array(repeating: .free, count: 1 << (64 - max(7, 2 * capacity - 1).leadingZeroBitCount))
        ranges.reserveCapacity(capacity)
        bytes.reserveCapacity(8 * capacity)
    }

    /// One more than the largest id.
    var idBound: Int { ranges.count }

    /// Adds a token whose id must lie in `0 ... largestID`.
    ///
    /// - Returns: false, having changed nothing, when the spelling or the id is taken.
    mutating func insert(_ token: UnsafeBufferPointer<UInt8>, id: Int) -> Bool {
        if 2 * (count + 1) > slots.count { grow() }
        guard id >= ranges.count || ranges[id] == nil else { return false }
        let hash = TinyText.hash(of: token)
        let slot = self.slot(of: token, hash)
        guard slots[slot].isFree else { return false }
        if id >= ranges.count {
            ranges.append(contentsOf: repeatElement(nil, count: id + 1 - ranges.count))
        }
        slots[slot] = Slot(hash: UInt32(hash >> 32), successorOfID: UInt32(id + 1))
        ranges[id] = UInt32(bytes.count)..<UInt32(bytes.count + token.count)
        bytes.append(contentsOf: token)
        count += 1
        return true
    }

    /// The id of a token.
    func id(of token: UnsafeBufferPointer<UInt8>) -> Int? {
        let slot = slots[slot(of: token, hash(of: token))]
        return slot.isFree ? nil : slot.id
    }

    /// The id of a token.
    func id(of token: [UInt8]) -> Int? {
        token.withUnsafeBufferPointer { id(of: $0) }
    }

    /// The spelling of a token as UTF-8, or nil when no token has this id.
    func spelling(of id: Int) -> ArraySlice<UInt8>? {
        guard ranges.indices.contains(id), let range = ranges[id] else { return nil }
        return bytes[Int(range.lowerBound)..<Int(range.upperBound)]
    }

    /// The slot that holds `token`, or the free one where it belongs.
    private func slot(of token: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while !slots[slot].isFree, slots[slot].hash != UInt32(hash >> 32) || !isSpelled(token, slots[slot].id) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func isSpelled(_ token: UnsafeBufferPointer<UInt8>, _ id: Int) -> Bool {
        guard let range = ranges[id] else { return false }
        return bytes.withUnsafeBufferPointer {
            haveEqualBytes(UnsafeBufferPointer(rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)]), token)
        }
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: .free, count: 2 * old.count)
        for entry in old where !entry.isFree {
            let hash = (spelling(of: entry.id) ?? []).withUnsafeBufferPointer { TinyText.hash(of: $0) }
            var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
            while !slots[slot].isFree { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = entry
        }
    }
}

/// A 64-bit hash of some bytes, the same in every process.
///
/// Eight bytes at a time through a folded 64 x 64 bit product. Not meant to resist an adversary: the tables that use it are
/// filled from a model's own files, or are caches.
func hash(of bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var state = UInt64(truncatingIfNeeded: bytes.count) &+ 0x9E37_79B9_7F4A_7C15
    var position = 0
    while position + 8 <= bytes.count {
        let word = UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: position, as: UInt64.self)
        state = mix(state ^ UInt64(littleEndian: word))
        position += 8
    }
    var tail: UInt64 = 0
    while position < bytes.count {
        tail = tail << 8 | UInt64(bytes[position])
        position += 1
    }
    return mix(state ^ tail)
}

/// Mixes every bit of `value` into the whole result.
func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
}

/// Whether two runs of bytes are the same.
func haveEqualBytes(_ first: UnsafeBufferPointer<UInt8>, _ second: UnsafeBufferPointer<UInt8>) -> Bool {
    guard first.count == second.count else { return false }
    for position in first.indices where first[position] != second[position] { return false }
    return true
}
