/// Tokens and their ids, both ways.
///
/// Tokens are compared byte by byte: `Swift.String` would take canonically equivalent spellings for the same token.
/// Open addressing with linear probing, at most half full; a lookup costs one hash and, usually, one comparison.
struct TokenTable: Sendable {
    /// Ids index arrays, so a file with an absurd id must not be able to exhaust memory.
    static let largestID = 1 << 24 - 1

    /// All spellings, end to end.
    private var bytes: [UInt8] = []
    /// Where the spelling of each id lies; nil for ids without a token.
    private var ranges: [Range<UInt32>?] = []
    /// Ids, or nil for a free slot; the count is a power of two.
    private var slots: [UInt32?]
    /// The number of tokens.
    private(set) var count = 0

    /// - Parameter capacity: The number of tokens expected; more are accepted.
    init(capacity: Int) {
        slots = Array(repeating: nil, count: 1 << (64 - max(7, 2 * capacity - 1).leadingZeroBitCount))
        ranges.reserveCapacity(capacity)
        bytes.reserveCapacity(8 * capacity)
    }

    /// One more than the largest id.
    var idBound: Int { ranges.count }

    /// Adds a token whose id must lie in `0 ... largestID`.
    ///
    /// - Returns: false, having changed nothing, when the spelling or the id is taken.
    mutating func insert(_ token: [UInt8], id: Int) -> Bool {
        if 2 * (count + 1) > slots.count { grow() }
        guard id >= ranges.count || ranges[id] == nil else { return false }
        let slot = token.withUnsafeBufferPointer { self.slot(of: $0) }
        guard slots[slot] == nil else { return false }
        if id >= ranges.count {
            ranges.append(contentsOf: repeatElement(nil, count: id + 1 - ranges.count))
        }
        slots[slot] = UInt32(id)
        ranges[id] = UInt32(bytes.count)..<UInt32(bytes.count + token.count)
        bytes.append(contentsOf: token)
        count += 1
        return true
    }

    /// The id of a token.
    func id(of token: UnsafeBufferPointer<UInt8>) -> Int? {
        slots[slot(of: token)].map(Int.init)
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
    private func slot(of token: UnsafeBufferPointer<UInt8>) -> Int {
        bytes.withUnsafeBufferPointer { bytes in
            var slot = Int(truncatingIfNeeded: hash(of: token)) & (slots.count - 1)
            while let id = slots[slot], let range = ranges[Int(id)] {
                let spelling = UnsafeBufferPointer(rebasing: bytes[Int(range.lowerBound)..<Int(range.upperBound)])
                if haveEqualBytes(spelling, token) { break }
                slot = (slot + 1) & (slots.count - 1)
            }
            return slot
        }
    }

    private mutating func grow() {
        slots = Array(repeating: nil, count: 2 * slots.count)
        for (id, range) in ranges.enumerated() {
            guard let range else { continue }
            let spelling = Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
            let slot = spelling.withUnsafeBufferPointer { self.slot(of: $0) }
            slots[slot] = UInt32(id)
        }
    }
}
