/// How a number is stored. Raw values are the names in settings.
public enum ElementType: String, Sendable, Codable, CaseIterable {
    case float32 = "fp32"
    case bfloat16 = "bf16"
    case float16 = "fp16"

    /// The type with this name in safetensors files, such as `BF16`; `nil` for other types.
    public init?(safetensorsName name: String) {
        guard let type = Self.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
        self = type
    }

    /// The name in safetensors files.
    public var safetensorsName: String {
        switch self {
        case .float32: "F32"
        case .bfloat16: "BF16"
        case .float16: "F16"
        }
    }

    /// Bytes of one element.
    public var byteCount: Int { self == .float32 ? 4 : 2 }

    /// `value` rounded to this type (to nearest, ties to even) and widened again: what is left after storing it.
    public func rounded(_ value: Float) -> Float {
        switch self {
        case .float32: value
        case .bfloat16: BFloat16(value).float
        case .float16: widenedFloat16(bits: narrowedFloat16(value))
        }
    }
}

/// The upper half of a `Float`: 8 exponent bits, 7 stored mantissa bits.
public struct BFloat16: Sendable, Hashable {
    /// The stored pattern.
    public var bits: UInt16

    /// Takes a stored pattern as it is.
    public init(bits: UInt16) { self.bits = bits }

    /// Rounds to nearest, ties to even. A NaN stays a NaN.
    public init(_ value: Float) {
        let pattern = value.bitPattern
        if value.isNaN {
            bits = UInt16(pattern >> 16) | 0x40
        } else {
            bits = UInt16((pattern &+ 0x7FFF &+ (pattern >> 16 & 1)) >> 16)
        }
    }

    /// The value, exactly.
    public var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}

/// The value of an IEEE 754 half-precision pattern, exactly. Written out because `Float16` is missing on Intel Macs.
public func widenedFloat16(bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F), mantissa = UInt32(bits & 0x3FF)
    switch exponent {
    case 0: return Float(bitPattern: sign | 0x3F80_0000) * Float(mantissa) * 0x1p-24  // zero and subnormals
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | mantissa << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | mantissa << 13)
    }
}

/// The half-precision pattern nearest to `value`, ties to even; too large values become infinite.
public func narrowedFloat16(_ value: Float) -> UInt16 {
    let sign = UInt16(value.bitPattern >> 16 & 0x8000)
    let magnitude = value.magnitude
    if value.isNaN { return sign | 0x7E00 }
    if magnitude >= 65520 { return sign | 0x7C00 }
    if magnitude < 0x1p-14 {  // subnormal: a multiple of 2^-24, which `rounded` finds exactly
        return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let pattern = magnitude.bitPattern
    let rounded = pattern &+ 0xFFF &+ (pattern >> 13 & 1)
    return sign | UInt16((rounded >> 13) - (112 << 10))
}
