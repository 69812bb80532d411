/// Recognises added tokens in a text: at each place the longest, from left to right, never overlapping.
struct AddedTokenFinder: Sendable {
    private var trie = TokenTrie()
    private let tokens: [AddedToken]

    /// - Parameters:
    ///   - tokens: The tokens to look for.
    ///   - spelling: How the content of a token is spelled in the text that will be searched.
    init(_ tokens: [AddedToken], spelling: (String) -> String = { $0 }) {
        self.tokens = tokens
        for (index, token) in tokens.enumerated() {
            trie.insert(spelling(token.content).utf8, value: index)
        }
    }

    /// Cuts the tokens out of every piece of text.
    func apply(to buffer: inout PieceBuffer) {
        guard !trie.isEmpty else { return }
        buffer.recognize { text, range, pieces in
            cut(text, range, into: &pieces)
        }
    }

    private func cut(_ text: ScalarText, _ range: Range<Int>, into pieces: inout [PieceBuffer.Piece]) {
        var covered = range.lowerBound
        var searched = range.lowerBound
        while let match = trie.firstMatch(in: text.bytes, searched..<range.upperBound) {
            searched = match.range.upperBound
            let token = tokens[match.value]
            if token.isSingleWord, touchesWord(match.range, in: text, range) { continue }
            var start = match.range.lowerBound
            var end = match.range.upperBound
            if token.stripsLeft { start = text.startOfSpace(before: start, limit: covered) }
            if token.stripsRight { end = text.endOfSpace(from: end, limit: range.upperBound) }
            // A token of white space may lie in the white space that belongs to the token before it; it is recognised all the same.
            start = max(start, covered)
            end = max(end, start)
            if start > covered { pieces.append(.init(end: start)) }
            pieces.append(.init(end: end, token: token.id))
            covered = end
        }
        if covered < range.upperBound { pieces.append(.init(end: range.upperBound)) }
    }

    private func touchesWord(_ match: Range<Int>, in text: ScalarText, _ range: Range<Int>) -> Bool {
        if match.lowerBound > range.lowerBound, text.isWord(at: text.start(before: match.lowerBound)) { return true }
        return match.upperBound < range.upperBound && text.isWord(at: match.upperBound)
    }
}

extension ScalarText {
    /// Where the white space that ends at `position` begins, not before `limit`.
    fileprivate func startOfSpace(before position: Int, limit: Int) -> Int {
        var start = position
        while start > limit {
            let previous = self.start(before: start)
            guard character(at: previous).kind.isWhiteSpace else { break }
            start = previous
        }
        return start
    }

    /// Where the white space that begins at `position` ends.
    fileprivate func endOfSpace(from position: Int, limit: Int) -> Int {
        var end = position
        while end < limit {
            let next = character(at: end)
            guard next.kind.isWhiteSpace else { break }
            end += next.length
        }
        return end
    }

    /// Whether `\w` matches the character at `position`.
    ///
    /// Source: Unicode Technical Standard 18, Annex C: alphabetic, mark, decimal number, connector punctuation, join control.
    fileprivate func isWord(at position: Int) -> Bool {
        guard let scalar = Unicode.Scalar(scalar(at: position).value) else { return false }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
            return true
        default:
            return scalar.properties.isAlphabetic || scalar.properties.isJoinControl
        }
    }
}

/// Finds the longest of some byte strings at a place in a text.
struct TokenTrie: Sendable {
    private struct Node: Sendable {
        var children: [UInt8: Int] = [:]
        /// What was inserted with the string that ends here.
        var value: Int?
    }

    private var nodes = [Node()]
    /// Whether a string starts with each byte: one lookup excludes most places of a text.
    private var starts = [Bool](repeating: false, count: 256)

    /// Whether nothing was inserted.
    var isEmpty: Bool { nodes.count == 1 }

    /// Adds a string, which must not be empty; the first value of a string stays.
    mutating func insert(_ string: some Collection<UInt8>, value: Int) {
        if let first = string.first { starts[Int(first)] = true }
        var node = 0
        for byte in string {
            if let child = nodes[node].children[byte] {
                node = child
            } else {
                nodes.append(Node())
                nodes[node].children[byte] = nodes.count - 1
                node = nodes.count - 1
            }
        }
        nodes[node].value = nodes[node].value ?? value
    }

    /// The leftmost string in `range`, and of those the longest.
    func firstMatch(in text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> (range: Range<Int>, value: Int)? {
        for start in range where starts[Int(text[start])] {
            var node = 0
            var longest: (range: Range<Int>, value: Int)?
            var end = start
            while end < range.upperBound, let child = nodes[node].children[text[end]] {
                node = child
                end += 1
                if let value = nodes[node].value { longest = (start..<end, value) }
            }
            if let longest { return longest }
        }
        return nil
    }
}
