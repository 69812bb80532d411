/// Wraps text into lines, as Python's `textwrap.wrap` does without replacing white space.
struct TextWrapper {
    var width: Int
    var breaksLongWords: Bool
    var breaksAtHyphens: Bool

    /// The lines that a paragraph is wrapped to.
    func lines(of paragraph: String) -> [String] {
        var chunks = ArraySlice(chunks(of: Array(paragraph.unicodeScalars)))
        var lines: [String] = []
        while !chunks.isEmpty {
            if !lines.isEmpty, let first = chunks.first, isSpace(first) { chunks.removeFirst() }
            var line: [[Unicode.Scalar]] = []
            var length = 0
            while let chunk = chunks.first, chunk.count <= width - length {
                line.append(chunk)
                length += chunk.count
                chunks.removeFirst()
            }
            if let chunk = chunks.first, chunk.count > width {
                if breaksLongWords {
                    let room = width - length
                    let end = breakingPlace(in: chunk, room: room)
                    line.append(Array(chunk[..<end]))
                    chunks[chunks.startIndex] = Array(chunk[end...])
                } else if line.isEmpty {
                    line.append(chunk)
                    chunks.removeFirst()
                }
            }
            if let last = line.last, isSpace(last) { line.removeLast() }
            if !line.isEmpty { lines.append(String(scalars: line.joined())) }
        }
        return lines
    }

    private func breakingPlace(in chunk: [Unicode.Scalar], room: Int) -> Int {
        guard breaksAtHyphens, chunk.count > room,
            let hyphen = chunk[..<room].lastIndex(of: "-"), hyphen > 0, chunk[..<hyphen].contains(where: { $0 != "-" })
        else { return min(room, chunk.count) }
        return hyphen + 1
    }

    private func isSpace(_ chunk: [Unicode.Scalar]) -> Bool { chunk.allSatisfy(\.isPythonSpace) }

    // MARK: Words

    private func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\u{0B}", "\u{0C}", "\r", " ": true
        default: false
        }
    }

    private func isWord(_ scalar: Unicode.Scalar) -> Bool { scalar.isPythonAlphanumeric || scalar == "_" }

    private func isLetter(_ scalar: Unicode.Scalar) -> Bool { isWord(scalar) && !scalar.isPythonDecimal }

    private func isWordOrPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        isWord(scalar) || "!\"'&.,?".unicodeScalars.contains(scalar)
    }

    /// Runs of blanks, words, parts of hyphenated words with their hyphen, and dashes between words.
    private func chunks(of text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var chunks: [[Unicode.Scalar]] = []
        var start = 0
        while start < text.count {
            var end = start
            if isBlank(text[start]) {
                while end < text.count, isBlank(text[end]) { end += 1 }
            } else if let dash = endOfDash(text, at: start) {
                end = dash
            } else {
                end = endOfWord(text, from: start)
            }
            chunks.append(Array(text[start..<end]))
            start = end
        }
        return chunks
    }

    /// The end of two or more hyphens between words that begin here.
    private func endOfDash(_ text: [Unicode.Scalar], at start: Int) -> Int? {
        guard breaksAtHyphens, start > 0, isWordOrPunctuation(text[start - 1]) else { return nil }
        var end = start
        while end < text.count, text[end] == "-" { end += 1 }
        return end - start >= 2 && end < text.count && isWord(text[end]) ? end : nil
    }

    private func endOfWord(_ text: [Unicode.Scalar], from start: Int) -> Int {
        var end = start + 1
        while end < text.count, !isBlank(text[end]) {
            if breaksAtHyphens {
                if text[end] == "-", isHyphen(text, end) { return end + 1 }
                if isWordOrPunctuation(text[end - 1]), endOfDash(text, at: end) != nil { return end }
            }
            end += 1
        }
        return end
    }

    /// Whether a word may be cut after this hyphen: two letters before it, or one and a sign between hyphens; letters
    /// after.
    private func isHyphen(_ text: [Unicode.Scalar], _ index: Int) -> Bool {
        func scalar(_ index: Int) -> Unicode.Scalar? { text.indices.contains(index) ? text[index] : nil }
        func letter(_ index: Int) -> Bool { scalar(index).map(isLetter) ?? false }
        let isBefore =
            letter(index - 1) && letter(index - 2)
            || letter(index - 3) && scalar(index - 2) == "-" && (scalar(index - 1).map(isWordOrPunctuation) ?? false)
        let isAfter = letter(index + 1) && (letter(index + 2) || scalar(index + 2) == "-" && letter(index + 3))
        return isBefore && isAfter
    }
}
