import TinyFoundation

/// Unicode Normalization Form C.
///
/// Implemented here, because Foundation's confuses a character beyond U+FFFF with the one with the same lower 16 bits, and
/// because a tokenizer must give the same ids on every system.
///
/// Source: Unicode Standard §3.11, D111 to D117; Standard Annex 15.
struct CanonicalComposition: Normalizer {
    func apply(to buffer: inout PieceBuffer) {
        let isUnchanged = ScalarText.withText(buffer.bytes) { text in
            Self.endOfInert(text, 0..<text.bytes.count) == text.bytes.count
        }
        guard !isUnchanged else { return }
        buffer.rewrite { piece, _, rewritten in
            ScalarText.withText(Array(piece)) { Self.append($0, to: &rewritten) }
        }
    }

    /// Copies inert characters; composes the others, together with the inert one before them.
    private static func append(_ text: ScalarText, to rewritten: inout [UInt8]) {
        let limit = text.bytes.count
        var position = 0
        while position < limit {
            let end = endOfInert(text, position..<limit)
            let start = end < limit && end > position ? text.start(before: end) : end
            rewritten.append(contentsOf: text.bytes[position..<start])
            position = start
            var scalars: [UInt32] = []
            while position < limit, position < end || !isInert(text.scalar(at: position).value) {
                let (value, length) = text.scalar(at: position)
                scalars.append(value)
                position += length
            }
            for value in composed(scalars) {
                rewritten.append(contentsOf: String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
            }
        }
    }

    private static func endOfInert(_ text: ScalarText, _ range: Range<Int>) -> Int {
        var end = range.lowerBound
        while end < range.upperBound {
            let (value, length) = text.scalar(at: end)
            guard isInert(value) else { break }
            end += length
        }
        return end
    }

    /// Whether composition leaves a character alone and joins nothing before it to it: most of most texts. A few blocks of
    /// which every character is a starter with Quick_Check=Yes: Latin, Cyrillic letters, punctuation, kana, Chinese
    /// characters, Hangul syllables, pictographs.
    private static func isInert(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x300, 0x400...0x482, 0x2010...0x2027, 0x3000...0x3029, 0x3040...0x3098, 0x309B...0x30FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xFF01...0xFF60, 0x1F300...0x1F9FF:
            true
        default:
            false
        }
    }

    // MARK: Decompose, order, compose

    /// The composed form of a sequence of scalars.
    private static func composed(_ scalars: [UInt32]) -> [UInt32] {
        var decomposed: [(value: UInt32, order: UInt8)] = []
        var marks: [(value: UInt32, order: UInt8)] = []
        for value in scalars.flatMap(CompositionTables.shared.decomposition) {
            let order = combiningClass(of: value)
            if order > 0 {
                marks.append((value, order))
            } else {
                decomposed += inOrder(marks)
                marks.removeAll(keepingCapacity: true)
                decomposed.append((value, order))
            }
        }
        decomposed += inOrder(marks)
        return compose(decomposed)
    }

    /// Marks by ascending class, those of one class as they stood.
    private static func inOrder(_ marks: [(value: UInt32, order: UInt8)]) -> [(value: UInt32, order: UInt8)] {
        guard marks.count > 1 else { return marks }
        return marks.enumerated()
            .sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
            .map(\.element)
    }

    private static func compose(_ decomposed: [(value: UInt32, order: UInt8)]) -> [UInt32] {
        var composed: [UInt32] = []
        var starter: Int?
        var previousOrder: UInt8 = 0
        for (value, order) in decomposed {
            // A mark is blocked from the starter by one of its own class between them, and a starter by any mark.
            let isAdjacent = starter == composed.count - 1
            if let place = starter, isAdjacent || previousOrder < order,
                let joined = CompositionTables.shared.composition(of: composed[place], value)
            {
                composed[place] = joined
                continue
            }
            if order == 0 { starter = composed.count }
            previousOrder = order
            composed.append(value)
        }
        return composed
    }

    private static func combiningClass(of value: UInt32) -> UInt8 {
        value < 0x300 ? 0 : Unicode.Scalar(value)?.properties.canonicalCombiningClass.rawValue ?? 0
    }
}

/// What characters decompose into, and compose from.
struct CompositionTables: Sendable {
    /// The tables of ``canonicalDecompositions``.
    static let shared = CompositionTables()

    /// One step: one or two characters, of which the first may decompose further.
    private var decompositions: [UInt32: [UInt32]] = [:]
    private var compositions: [UInt64: UInt32] = [:]

    private init() {
        var next: UInt32 = 0
        for entry in canonicalDecompositions.unicodeScalars.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let parts = entry.split(separator: ":")
            if parts.count == 2 { next = Self.number(parts[0]) }
            let text = parts[parts.count - 1]
            if let first = text.first, !first.isASCII {
                for scalar in text {
                    decompositions[next] = [scalar.value]
                    next += 1
                }
                continue
            }
            let scalars = text.split { $0 == "+" || $0 == ">" }.map(Self.number)
            decompositions[next] = scalars
            if text.first != ">" { compositions[Self.key(scalars[0], scalars[1])] = next }
            next += 1
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

    private static func number(_ digits: Substring.UnicodeScalarView) -> UInt32 {
        UInt32(String(digits), radix: 16) ?? 0
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
