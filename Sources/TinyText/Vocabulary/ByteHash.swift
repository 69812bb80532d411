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

/// Spreads every bit of `value` over the whole result.
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
