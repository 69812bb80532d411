import Foundation
import TinyFoundation

/// Widens stored elements, exactly. `bytes` may be unaligned; `floats` has room for every element.
func widen(_ bytes: UnsafeRawBufferPointer, stored type: ElementType, into floats: UnsafeMutablePointer<Float>) {
    guard let start = bytes.baseAddress else { return }
    let count = bytes.count / type.byteCount
    switch type {
    case .float32:
        for index in 0..<count {
            let pattern = start.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self)
            floats[index] = Float(bitPattern: UInt32(littleEndian: pattern))
        }
    case .bfloat16:
        for index in 0..<count {
            let pattern = start.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self)
            floats[index] = Float(bitPattern: UInt32(UInt16(littleEndian: pattern)) &<< 16)
        }
    case .float16:
        for index in 0..<count {
            let pattern = start.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self)
            floats[index] = widenedHalf(UInt32(UInt16(littleEndian: pattern)))
        }
    }
}

/// `widenedFloat16` without branches, so that the loop above runs in vectors.
///
/// The magnitude, shifted into a `Float`'s fields, is too small by the difference of the exponent biases, 2^112;
/// multiplying is exact and makes subnormals normal. Infinity and NaN still need their exponent filled.
@inline(__always)
private func widenedHalf(_ bits: UInt32) -> Float {
    let magnitude = Float(bitPattern: (bits & 0x7FFF) &<< 13) * 0x1p112
    let filled: UInt32 = bits & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
    return Float(bitPattern: magnitude.bitPattern | filled | (bits & 0x8000) &<< 16)
}

/// The stored bytes of floats, rounded to nearest (ties to even).
func narrowed(_ floats: ArraySlice<Float>, to type: ElementType) -> Data {
    var data = Data(count: floats.count * type.byteCount)
    data.withUnsafeMutableBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        floats.withUnsafeBufferPointer { narrow($0, to: type, into: start) }
    }
    return data
}

/// Stores floats; `bytes` has room for every one and may be unaligned.
private func narrow(_ floats: UnsafeBufferPointer<Float>, to type: ElementType, into bytes: UnsafeMutableRawPointer) {
    switch type {
    case .float32:
        for index in 0..<floats.count {
            bytes.storeBytes(of: floats[index].bitPattern.littleEndian, toByteOffset: 4 &* index, as: UInt32.self)
        }
    case .bfloat16:
        for index in 0..<floats.count {
            bytes.storeBytes(of: BFloat16(floats[index]).bits.littleEndian, toByteOffset: 2 &* index, as: UInt16.self)
        }
    case .float16:
        for index in 0..<floats.count {
            bytes.storeBytes(
                of: narrowedFloat16(floats[index]).littleEndian, toByteOffset: 2 &* index, as: UInt16.self)
        }
    }
}
