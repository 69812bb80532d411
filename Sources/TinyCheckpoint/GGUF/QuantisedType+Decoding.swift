import TinyFoundation

// Layouts of the blocks, in the order of their bytes. A half is an fp16 number, little-endian. q is a number's whole number.
// Each product and each sum is rounded to fp32, as written; the compiler never fuses them.
//
// Source: the structures `block_…` of ggml's `ggml-common.h`; the same numbers as `gguf.quants.dequantize` of ggml's Python
// package `gguf`, bit for bit.

extension QuantisedType {
    /// Writes the numbers of whole blocks, exactly as ggml's Python package `gguf` does.
    ///
    /// - Parameters:
    ///   - bytes: A whole number of blocks, which need not be aligned.
    ///   - floats: Has room for all of their numbers.
    func decode(_ bytes: UnsafeRawBufferPointer, into floats: UnsafeMutablePointer<Float>) {
        guard let start = bytes.baseAddress else { return }
        let blocks = bytes.count / byteCount, size = byteCount, length = blockLength
        func each(_ decode: (BlockBytes, UnsafeMutablePointer<Float>) -> Void) {
            for block in 0..<blocks { decode(BlockBytes(start: start + block * size), floats + block * length) }
        }
        switch self {
        case .q4: each(decodeQ4)
        case .q4WithMinimum: each(decodeQ4WithMinimum)
        case .q5: each(decodeQ5)
        case .q5WithMinimum: each(decodeQ5WithMinimum)
        case .q8: each(decodeQ8)
        case .q2K: each(decodeQ2K)
        case .q3K: each(decodeQ3K)
        case .q4K: each(decodeQ4K)
        case .q5K: each(decodeQ5K)
        case .q6K: each(decodeQ6K)
        case .iq4NL: each(decodeIQ4)
        }
    }
}

/// The bytes of one block.
private struct BlockBytes {
    let start: UnsafeRawPointer

    subscript(_ offset: Int) -> Int { Int(start.load(fromByteOffset: offset, as: UInt8.self)) }

    func signed(_ offset: Int) -> Int { Int(start.load(fromByteOffset: offset, as: Int8.self)) }

    /// The fp16 number at an offset, widened.
    func half(_ offset: Int) -> Float {
        let bits = start.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return widenedFloat16(bits: UInt16(littleEndian: bits))
    }
}

/// Half d; 16 bytes with q of numbers i and i + 16. The number is d · (q - 8).
private func decodeQ4(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(0)
    for i in 0..<16 {
        let pair = block[2 + i]
        out[i] = scale * Float(pair & 15 - 8)
        out[i + 16] = scale * Float(pair >> 4 - 8)
    }
}

/// Half d; half m; 16 bytes as above. The number is d · q + m.
private func decodeQ4WithMinimum(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(0), minimum = block.half(2)
    for i in 0..<16 {
        let pair = block[4 + i]
        out[i] = scale * Float(pair & 15) + minimum
        out[i + 16] = scale * Float(pair >> 4) + minimum
    }
}

/// Half d; 32 bits, the fifth bit of q of each number; 16 bytes as above. The number is d · (q - 16).
private func decodeQ5(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(0)
    for i in 0..<16 {
        let pair = block[6 + i], low = fifthBit(block, 2, i), high = fifthBit(block, 2, i + 16)
        out[i] = scale * Float((pair & 15 | low) - 16)
        out[i + 16] = scale * Float((pair >> 4 | high) - 16)
    }
}

/// Half d; half m; 32 bits and 16 bytes as above. The number is d · q + m.
private func decodeQ5WithMinimum(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(0), minimum = block.half(2)
    for i in 0..<16 {
        let pair = block[8 + i], low = fifthBit(block, 4, i), high = fifthBit(block, 4, i + 16)
        out[i] = scale * Float(pair & 15 | low) + minimum
        out[i + 16] = scale * Float(pair >> 4 | high) + minimum
    }
}

/// Bit `index` of the bits at an offset, times 16.
private func fifthBit(_ block: BlockBytes, _ offset: Int, _ index: Int) -> Int {
    (block[offset + index >> 3] >> (index & 7) & 1) << 4
}

/// Half d; 32 signed bytes q. The number is d · q.
private func decodeQ8(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(0)
    for i in 0..<32 { out[i] = scale * Float(block.signed(2 + i)) }
}

/// Half d; 16 bytes as for Q4_0, where q chooses one of 16 levels. The number is d · level.
private func decodeIQ4(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(0)
    for i in 0..<16 {
        let pair = block[2 + i]
        out[i] = scale * level(pair & 15)
        out[i + 16] = scale * level(pair >> 4)
    }
}

/// The levels of IQ4_NL.
private func level(_ q: Int) -> Float {
    switch q {
    case 0: -127
    case 1: -104
    case 2: -83
    case 3: -65
    case 4: -49
    case 5: -35
    case 6: -22
    case 7: -10
    case 8: 1
    case 9: 13
    case 10: 25
    case 11: 38
    case 12: 53
    case 13: 69
    case 14: 89
    default: 113
    }
}

// In the K types, 16 or 32 neighbouring numbers share a scale. The bits of q are in planes: of the numbers of a half
// (128 numbers), those 32 apart share bytes.

/// 16 bytes, each a scale s (low) and a minimum m (high) of 16 numbers; 64 bytes with two bits of q; half d; half e.
/// The number is d · s · q - e · m.
private func decodeQ2K(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(80), minimum = block.half(82)
    for group in 0..<16 {
        let both = block[group]
        let s = scale * Float(both & 15), m = minimum * Float(both >> 4)
        let plane = planes(group)
        for i in 0..<16 {
            let q = block[16 + plane.offset + i] >> plane.shift & 3
            out[16 * group + i] = s * Float(q) - m
        }
    }
}

/// 32 bytes, the inverted third bit of q; 64 bytes, the lower two; 12 bytes with 16 scales of 6 bits; half d.
/// The number is d · (s - 32) · (q - 4), where q counts a third bit that is not set as 0.
private func decodeQ3K(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(108)
    for group in 0..<16 {
        // Four low bits of scale j are in byte j mod 8, two high ones in byte 8 + j mod 4.
        let low = block[96 + group & 7] >> (group < 8 ? 0 : 4) & 15
        let high = block[104 + group & 3] >> (2 * (group >> 2)) & 3
        let s = scale * Float((low | high << 4) - 32)
        let plane = planes(group), bit = group >> 1
        for i in 0..<16 {
            let q = block[32 + plane.offset + i] >> plane.shift & 3
            let isSet = block[16 * (group & 1) + i] >> bit & 1
            out[16 * group + i] = s * Float(q - (isSet == 1 ? 0 : 4))
        }
    }
}

/// Where two bits of q of the group's 16 numbers are: the byte of the first, and the bit.
private func planes(_ group: Int) -> (offset: Int, shift: Int) {
    (32 * (group >> 3) + 16 * (group & 1), 2 * (group >> 1 & 3))
}

/// Half d; half e; 12 bytes with 8 scales s and 8 minima m of 6 bits; 128 bytes with four bits of q.
/// The number is d · s · q - e · m.
private func decodeQ4K(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(0), minimum = block.half(2)
    for group in 0..<8 {
        let factors = sixBits(block, 4, group)
        let s = scale * Float(factors.scale), m = minimum * Float(factors.minimum)
        for i in 0..<32 {
            let q = block[16 + 32 * (group >> 1) + i] >> (4 * (group & 1)) & 15
            out[32 * group + i] = s * Float(q) - m
        }
    }
}

/// Half d; half e; 12 bytes as above; 32 bytes with the fifth bit of q; 128 bytes with the lower four.
/// The number is d · s · q - e · m.
private func decodeQ5K(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(0), minimum = block.half(2)
    for group in 0..<8 {
        let factors = sixBits(block, 4, group)
        let s = scale * Float(factors.scale), m = minimum * Float(factors.minimum)
        for i in 0..<32 {
            let low = block[48 + 32 * (group >> 1) + i] >> (4 * (group & 1)) & 15
            let high = block[16 + i] >> group & 1
            out[32 * group + i] = s * Float(low | high << 4) - m
        }
    }
}

/// The scale and the minimum of a group of 32 numbers, in 12 bytes: those of groups 0 to 3 are the lower six bits of bytes 0
/// to 3 and 4 to 7; of groups 4 to 7, the lower four bits are in bytes 8 to 11, the upper two are left over in bytes 0 to 7.
private func sixBits(_ block: BlockBytes, _ offset: Int, _ group: Int) -> (scale: Int, minimum: Int) {
    if group < 4 { return (block[offset + group] & 63, block[offset + 4 + group] & 63) }
    let low = block[offset + 4 + group]
    return (low & 15 | (block[offset + group - 4] >> 6) << 4, low >> 4 | (block[offset + group] >> 6) << 4)
}

/// 128 bytes with the lower four bits of q; 64 bytes with the upper two; 16 signed bytes s; half d.
/// The number is d · s · (q - 32).
private func decodeQ6K(_ block: BlockBytes, _ out: UnsafeMutablePointer<Float>) {
    let scale = block.half(208)
    for group in 0..<16 {
        let s = scale * Float(block.signed(192 + group))
        // Of a half's four quarters of 32, the first and the third share bytes of low bits, as do the second and the fourth.
        let half = group >> 3, quarter = group >> 1 & 3, within = 16 * (group & 1)
        for i in 0..<16 {
            let low = block[64 * half + 32 * (quarter & 1) + within + i] >> (4 * (quarter >> 1)) & 15
            let high = block[128 + 32 * half + within + i] >> (2 * quarter) & 3
            out[16 * group + i] = s * Float((low | high << 4) - 32)
        }
    }
}
