/// A formula of a text: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, or an environment such as `\begin{align*}…\end{align*}`.
struct Formula {
    /// With its delimiters.
    let range: Range<Int>
    /// Without them; an environment is its own content.
    let content: Range<Int>

    /// Longer formulas are not looked for.
    private static let maximumLength = 2_000

    /// The formula that starts exactly at a position; `nil` when none does, or when it is not closed.
    ///
    /// A dollar sign opens a formula where no white space follows it, and closes one where no white space precedes and no
    /// digit follows; so `$5 and $7` is money. Display delimiters may have white space inside.
    init?(in bytes: [UInt8], at start: Int) {
        let rest = bytes[start...]
        let limit = min(bytes.count, start + Self.maximumLength)
        if rest.starts(with: [UInt8(ascii: "$"), UInt8(ascii: "$")]) {
            guard let end = Self.position(of: "$$", in: bytes, from: start + 2, to: limit) else { return nil }
            self.init(start, start + 2, end, end + 2)
        } else if rest.first == UInt8(ascii: "$") {
            // `\$` is money.
            guard start == 0 || bytes[start - 1] != UInt8(ascii: "\\"), start + 1 < bytes.count else { return nil }
            let opensTight = !isSpace(bytes[start + 1])
            var index = start + 1
            while index < limit {
                if bytes[index] == UInt8(ascii: "\\") {
                    index += 2
                    continue
                }
                if bytes[index] == UInt8(ascii: "\n"), index + 1 < limit, bytes[index + 1] == UInt8(ascii: "\n") {
                    return nil
                }
                if bytes[index] == UInt8(ascii: "$"), index > start + 1 {
                    let closesTight = !isSpace(bytes[index - 1])
                    let isMoney = index + 1 < bytes.count && isDigit(bytes[index + 1])
                    if !isMoney && (opensTight == closesTight || opensTight && !isDigit(bytes[start + 1])) {
                        self.init(start, start + 1, index, index + 1)
                        return
                    }
                    return nil
                }
                index += 1
            }
            return nil
        } else if rest.starts(with: Array("\\[".utf8)) || rest.starts(with: Array("\\(".utf8)) {
            let closer = bytes[start + 1] == UInt8(ascii: "[") ? "\\]" : "\\)"
            guard let end = Self.position(of: closer, in: bytes, from: start + 2, to: limit) else { return nil }
            self.init(start, start + 2, end, end + 2)
        } else if rest.starts(with: Array("\\begin{".utf8)) {
            guard let brace = bytes[start..<limit].firstIndex(of: UInt8(ascii: "}")) else { return nil }
            let name = String(decoding: bytes[(start + 7)..<brace], as: UTF8.self)
            guard let end = Self.position(of: "\\end{\(name)}", in: bytes, from: brace, to: limit) else { return nil }
            let after = end + name.utf8.count + 6
            self.init(start, start, after, after)
        } else {
            return nil
        }
    }

    private init(_ start: Int, _ first: Int, _ last: Int, _ end: Int) {
        range = start..<end
        content = first..<last
    }

    private static func position(of text: String, in bytes: [UInt8], from start: Int, to limit: Int) -> Int? {
        let pattern = Array(text.utf8)
        guard start + pattern.count <= limit else { return nil }
        return (start...limit - pattern.count).first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }

    /// The formulas of a range in order, empty ones left out.
    static func all(in bytes: [UInt8], range: Range<Int>) -> [Formula] {
        var found: [Formula] = []
        var index = range.lowerBound
        /// Past a delimiter without an end, so that a text full of them takes linear time.
        var misses = 0
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "$") || byte == UInt8(ascii: "\\"), misses < 200 {
                if let formula = Formula(in: bytes, at: index), formula.range.upperBound <= range.upperBound {
                    if bytes[formula.content].contains(where: { !isSpace($0) }) { found.append(formula) }
                    index = formula.range.upperBound
                    continue
                }
                if byte == UInt8(ascii: "$") || index + 1 < range.upperBound && "[(b".utf8.contains(bytes[index + 1]) {
                    misses += 1
                }
                if byte == UInt8(ascii: "\\") { index += 1 }
            }
            index += 1
        }
        return found
    }
}
