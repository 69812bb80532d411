import TinyFoundation

/// What characters decompose into, and compose from.
struct CompositionTables: Sendable {
    /// The tables of ``canonicalDecompositions``.
    static let shared = CompositionTables()

    /// One step: one or two characters, of which the first may decompose further.
    private var decompositions: [UInt32: [UInt32]] = [:]
    private var compositions: [UInt64: UInt32] = [:]

    private init() {
        var value: UInt32 = 0
        for entry in canonicalDecompositions.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x0A }) {
            var numbers = entry.split { hexadecimalValue($0) == nil }.map { digits in
                digits.reduce(UInt32(0)) { $0 << 4 | (hexadecimalValue($1) ?? 0) }
            }
            value = entry.contains(UInt8(ascii: ":")) ? numbers.removeFirst() : value + 1
            decompositions[value] = numbers
            if !entry.contains(UInt8(ascii: ">")) { compositions[Self.key(numbers[0], numbers[1])] = value }
        }
    }

    /// The full canonical decomposition of a scalar: itself when it has none.
    func decomposition(of value: UInt32) -> [UInt32] {
        if let syllable = Hangul.decomposition(of: value) { return syllable }
        guard let step = decompositions[value] else { return [value] }
        return step.flatMap { decomposition(of: $0) }
    }

    /// What two scalars compose into, if they do.
    func composition(of first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.composition(of: first, second) ?? compositions[Self.key(first, second)]
    }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 {
        UInt64(first) << 32 | UInt64(second)
    }
}

/// Korean syllables, whose composition is arithmetic.
///
/// Source: Unicode Standard §3.12, with its names: L leading consonant, V vowel, T trailing consonant, S syllable.
private enum Hangul {
    private static let firstL: UInt32 = 0x1100, firstV: UInt32 = 0x1161, firstT: UInt32 = 0x11A7,
        firstS: UInt32 = 0xAC00
    private static let countL: UInt32 = 19, countV: UInt32 = 21, countT: UInt32 = 28
    private static let countS = countL * countV * countT

    static func decomposition(of value: UInt32) -> [UInt32]? {
        guard value >= firstS, value < firstS + countS else { return nil }
        let index = value - firstS
        let pair = [firstL + index / (countV * countT), firstV + index / countT % countV]
        return index % countT == 0 ? pair : pair + [firstT + index % countT]
    }

    static func composition(of first: UInt32, _ second: UInt32) -> UInt32? {
        if (firstL..<firstL + countL).contains(first), (firstV..<firstV + countV).contains(second) {
            return firstS + ((first - firstL) * countV + (second - firstV)) * countT
        }
        let isPair = first >= firstS && first < firstS + countS && (first - firstS) % countT == 0
        return isPair && second > firstT && second < firstT + countT ? first + (second - firstT) : nil
    }
}
