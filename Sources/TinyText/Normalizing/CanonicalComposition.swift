/// Unicode Normalization Form C.
///
/// Our own, because the one in Foundation takes a character beyond U+FFFF for the one with the same lower 16 bits, and
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
