/// The candidate answers of a completion, the most reliable first.
///
/// | part | strict | lenient, where there is no better |
/// |---|---|---|
/// | `\boxed{…}`, `\fbox{…}` (the last, with those joined to it) | yes | yes, unless an announcement follows it |
/// | the line after the last `####` that is no heading | yes | yes |
/// | the whole completion, when it is one short answer without words that announce it | yes | yes |
/// | what "the answer is", "final answer:" … announce | no | yes |
/// | the end of the last sentence with mathematics in it | no | yes |
///
/// Where a part is a sentence, its leading quantity, or else its last formula or number, is a candidate. Text before the
/// last `</think>`, and behind the end of the turn, is ignored. Time is linear in the completion.
struct ExtractedAnswers {
    /// A whole completion longer than this is never one short answer.
    static let maximumShort = 400

    /// The answer in the requested format; `nil` when there is none.
    private(set) var strict: String?
    /// The contents of the boxes that ``strict`` joins; empty where it is no box.
    private(set) var strictBoxes: [String] = []
    /// Whether ``strict`` is marked (boxed or after `####`) and not just the whole completion.
    private(set) var isMarked = false
    /// The other candidates. The first that can be parsed counts.
    private(set) var lenient: [String] = []
    /// Of a last sentence that ends with an exclamation mark: its candidates without it, as `72!` may be no factorial.
    private(set) var withoutExclamation: [String] = []
    /// Of a marked answer that is a sentence: what in it may be the answer.
    private(set) var ofMarked: [String] = []
    /// The chosen letter, for multiple-choice gold answers.
    var choice: Character? { ChoiceLetter.chosen(in: bytes)?.letter }
    private let bytes: [UInt8]
    private let hasDecimalComma: Bool

    /// Finds the answers of a completion, in numbers with decimal commas where the gold answer has one.
    init(_ completion: String, options: GradingOptions, hasDecimalComma: Bool = false) {
        let found = CompletionText.answerBytes(of: completion, requiresEndOfThought: options.requiresEndOfThought)
        bytes = found ?? []
        self.hasDecimalComma = hasDecimalComma
        guard found != nil else { return }

        let box = AnswerBox.lastAnswer(in: bytes).flatMap { $0.text.trimmingSpaces.isEmpty ? nil : $0 }
        let line = markedLine(in: bytes).flatMap { $0.isEmpty ? nil : $0 }
        switch options.answerFormat {
        case .any: strict = later(box, line)
        case .boxed: strict = box?.text
        case .marked: strict = line.map(text)
        case .bracketed: strict = Self.lastBracket(in: bytes).map(text)
        }
        isMarked = strict != nil
        if let box, strict == box.text { strictBoxes = box.parts }
        let whole = undressed(0..<bytes.count, in: bytes)
        if strict == nil, bytes.count <= Self.maximumShort, !whole.isEmpty,
            AnswerPhrase.announcements(in: bytes).isEmpty
        {
            strict = text(whole)
        }
        if options.answerFormat != .any, let marked = later(box, line) { lenient.append(marked) }

        // Only text after a marked answer can correct it.
        let mark = isMarked ? max(box?.range.upperBound ?? 0, line?.upperBound ?? 0) : 0
        let isSettled = addAnnounced(from: mark)
        if isMarked, let strict {
            let found = Self.candidates(
                of: strict, hasDecimalComma: hasDecimalComma, withLast: Self.hasWords(Array(strict.utf8)))
            ofMarked = Array(found.dropFirst())
        } else if !isSettled, Self.hasWords(bytes) || Sentences.withoutOpening(whole, in: bytes) != whole {
            addConclusion()
        }
    }

    /// The contents of all boxes as one answer, where there are exactly `count`: for parts (a), (b), or the entries of a
    /// tuple, boxed one by one.
    func boxes(count: Int) -> [String]? {
        let boxes = AnswerBox.all(in: bytes)
        return boxes.count == count ? boxes.map { text($0.content) } : nil
    }

    /// The ends of the parts labelled (a), (b) … as one answer, where there are `count` of them.
    func labelledParts(count: Int) -> String? {
        guard (2...5).contains(count) else { return nil }
        var starts: [Int] = []
        for label in "abcde".utf8.prefix(count) {
            let pattern = [UInt8(ascii: "("), label, UInt8(ascii: ")")]
            let from = starts.last ?? 0
            guard
                let position = starts.isEmpty
                    ? lastPosition(of: pattern, in: bytes)
                    : bytes[from...].indices.first(where: { bytes[$0...].starts(with: pattern) })
            else { return nil }
            starts.append(position + 3)
        }
        let ends = starts.dropFirst().map { $0 - 3 } + [bytes.count]
        let parts = zip(starts, ends).compactMap { start, end in
            let part = start..<min(end, max(start, Sentences.end(from: start, in: bytes)))
            return Self.candidates(of: text(part), hasDecimalComma: hasDecimalComma).last
        }
        return parts.count == count ? parts.joined(separator: ", ") : nil
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    // MARK: Announcements

    /// Adds what the last announcement with mathematics announces; whether it settles the answer, so that none is looked
    /// for elsewhere.
    private mutating func addAnnounced(from mark: Int) -> Bool {
        var words: String?
        for (start, phrase) in AnswerPhrase.announcements(in: bytes, from: mark).reversed().prefix(8) {
            guard start < bytes.count else { continue }
            if bytes[start...].starts(with: Array("not ".utf8)) { return true }
            let content = announced(at: start, by: phrase)
            if content.isEmpty || isIntroduction(phrase, content) { continue }
            let sentence = Sentences.withoutPleasantries(0..<content.upperBound, in: bytes)
            if sentence.upperBound <= phrase.lowerBound { continue }
            if bytes[content].contains(where: isDigit) || bytes[content].contains(UInt8(ascii: "\\"))
                || bytes[content].contains(UInt8(ascii: "$")) || bytes[content].contains(UInt8(ascii: "="))
            {
                addSentence(text(content))
                return true
            }
            words = words ?? text(undressed(content, in: bytes))
        }
        if let words {
            lenient.append(words)
            // A short phrase is the answer: `The answer is east`, `The answer is x + y`.
            return words.utf8.count <= 24
        }
        return false
    }

    /// What an announcement announces: its sentence, or the next one where a colon ends it; of `<answer>`, all up to
    /// `</answer>`.
    private func announced(at start: Int, by phrase: Range<Int>) -> Range<Int> {
        if bytes[phrase].last == UInt8(ascii: ">") {
            let close = Array("</answer>".utf8)
            let end = (start..<bytes.count).first { bytes[$0...].starts(with: close) }
            if let end { return trimmed(start..<end, in: bytes) }
        }
        let end = Sentences.end(from: start, in: bytes)
        let content = trimmed(start..<end, in: bytes)
        // "The answer is given by:" and a formula on the next line.
        if bytes[content].last == UInt8(ascii: ":"), let next = bytes[end...].firstIndex(where: { !isSpace($0) }) {
            return trimmed(next..<Sentences.end(from: next, in: bytes), in: bytes)
        }
        return content
    }

    /// Whether "Answer:" only opens a worked solution: it is the first word, and a conclusion follows.
    private func isIntroduction(_ phrase: Range<Int>, _ content: Range<Int>) -> Bool {
        guard !bytes[..<phrase.lowerBound].contains(where: { isLetter($0) || isDigit($0) }),
            !bytes[phrase].contains(UInt8(ascii: "i")), content.upperBound < bytes.count
        else { return false }
        let rest = Sentences.withoutPleasantries(content.upperBound..<bytes.count, in: bytes)
        let conclusions = [
            "so ", "So ", "Therefore", "therefore", "Thus", "thus", "Hence", "hence", "In total", "Then ",
        ]
        let words = text(rest)
        return bytes[rest].contains(where: isDigit) && conclusions.contains { words.contains($0) }
    }

    // MARK: Conclusions

    /// Adds the end of the last sentence that has mathematics in it.
    private mutating func addConclusion() {
        var range = Sentences.withoutPleasantries(0..<bytes.count, in: bytes)
        let formulas = Formula.all(in: bytes, range: range)
        for _ in 0..<40 where !range.isEmpty {
            var start = Sentences.startOfLast(in: range, of: bytes)
            if let formula = formulas.last(where: { $0.range.contains(start) && $0.range.lowerBound < start }) {
                start = formula.range.lowerBound
                start = Sentences.startOfLast(in: range.lowerBound..<max(start, range.lowerBound + 1), of: bytes)
            }
            let sentence = trimmed(start..<range.upperBound, in: bytes)
            if Sentences.givesUp(bytes[sentence]) { return }
            let inside = formulas.filter { sentence.contains($0.range.lowerBound) }
            if !inside.isEmpty || LastMathematics.number(in: bytes, range: sentence) != nil {
                addSentence(text(sentence))
                addWithoutExclamation(sentence, inside)
                return
            }
            range = trimmed(range.lowerBound..<start, in: bytes)
        }
    }

    /// Adds the candidates of a sentence without the exclamation mark behind its last number.
    private mutating func addWithoutExclamation(_ sentence: Range<Int>, _ formulas: [Formula]) {
        let end = undressed(sentence, in: bytes).upperBound
        guard end > sentence.lowerBound, bytes[end - 1] == UInt8(ascii: "!"), Self.hasWords(Array(bytes[sentence])),
            !formulas.contains(where: { $0.range.upperBound >= end })
        else { return }
        let found = lenient
        lenient = []
        addSentence(text(sentence.lowerBound..<end - 1))
        (withoutExclamation, lenient) = (lenient, found)
    }

    /// Adds a sentence's candidates: itself, unless it is prose around a number, what follows its verb, and its end.
    private mutating func addSentence(_ sentence: String) {
        let all = Array(sentence.utf8)
        let range = Sentences.withoutOpening(undressed(0..<all.count, in: all), in: all)
        let bytes = Array(all[range])
        let content = String(decoding: bytes, as: UTF8.self)
        let found = Self.candidates(of: content, hasDecimalComma: hasDecimalComma)
        let isProse =
            Self.hasWords(bytes) && bytes.contains(where: isDigit) && !Self.startsMathematics(bytes)
            && SetPhrase.notation(of: content) == nil
        if !isProse { lenient += found.prefix(1) }
        if Self.hasWords(bytes), let tail = Self.tail(of: content) {
            // Without its last number: the sentence as a whole decides about that.
            lenient += Self.candidates(of: tail, hasDecimalComma: hasDecimalComma, withLast: false)
        }
        lenient += found.dropFirst()
        if lenient.isEmpty { lenient = [content] }
    }

    /// Whether a text starts with a number, a formula or a single letter.
    private static func startsMathematics(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return false }
        if isLetter(first) {
            return bytes.count == 1
                || !isLetter(bytes[1]) && bytes[1] != UInt8(ascii: "'")
                    && !(first | 0x20 == UInt8(ascii: "a") && bytes[1] == UInt8(ascii: " "))
                    && first != UInt8(ascii: "I")
        }
        return isDigit(first) || "-+$\\([{.|".utf8.contains(first) || first == 0xE2
    }

    /// What follows the last verb or colon of a sentence, where it has mathematics in it.
    private static func tail(of sentence: String) -> String? {
        let bytes = Array(sentence.utf8)
        let formulas = Formula.all(in: bytes, range: 0..<bytes.count)
        let links = [
            " is ", " are ", " was ", " were ", " be ", " equals ", ": ", " namely ", " namely, ", "：", "是", "为",
        ].map { Array($0.utf8) }
        let last = bytes.indices.reversed().lazy.compactMap { index in
            links.first { bytes[index...].starts(with: $0) }.map { (index, index + $0.count) }
        }.first { link in !formulas.contains { $0.range.contains(link.0) } }
        guard let end = last?.1,
            bytes[end...].contains(where: { isDigit($0) || $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: "\\") })
        else { return nil }
        return String(decoding: bytes[end...], as: UTF8.self)
    }

    // MARK: Candidates

    /// A text as an answer; its beginnings up to a clause that only comments on it, the longest first; and its last formula
    /// or number, unless it weighs two values against each other.
    static func candidates(of text: String, hasDecimalComma: Bool, withLast: Bool = true) -> [String] {
        let bytes = Array(text.utf8)
        func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var whole = undressed(0..<bytes.count, in: bytes)
        guard whole.count <= 4_096 else { return [] }
        // `72}` of `{"answer": 72}`
        while bytes[whole].last == UInt8(ascii: "}"), !bytes[whole].contains(UInt8(ascii: "{")) {
            whole = undressed(whole.lowerBound..<whole.upperBound - 1, in: bytes)
        }
        guard !whole.isEmpty else { return [] }
        var found = [string(whole)]
        let formulas = Formula.all(in: bytes, range: whole)
        let isHedged = isHedged(string(whole))
        let breaks = !isHedged && startsMathematics(Array(bytes[whole])) ? clauseBreaks(in: bytes, whole, formulas) : []
        for end in breaks.suffix(8).reversed() { found.append(string(undressed(whole.lowerBound..<end, in: bytes))) }
        guard withLast, !isHedged else { return found }
        // "6, not 5"
        let denials = [", not ", " rather than ", " instead of ", " (not ", " and not ", ", no ", " not "].map {
            Array($0.utf8)
        }
        let end =
            whole.first { index in
                index > whole.lowerBound && denials.contains { bytes[index...].starts(with: $0) }
                    && LastMathematics.number(in: bytes, range: whole.lowerBound..<index) != nil
            } ?? whole.upperBound
        let formula = formulas.last { $0.range.upperBound <= end }
        let from = max(formula?.range.upperBound ?? whole.lowerBound, whole.lowerBound)
        let number = LastMathematics.number(in: bytes, range: from..<max(end, from), decimalComma: hasDecimalComma)
        if let number {
            found.append(string(number))
        } else if let formula {
            // `$5$ million`
            let end = ScaleWords.end(in: bytes, from: formula.range.upperBound, to: max(end, from))
            let scaled = string(formula.range.lowerBound..<end)
            let isScaled = end > formula.range.upperBound && ParsedAnswer(scaled).isReadable
            found.append(isScaled ? scaled : string(formula.content))
        }
        return found
    }

    /// Where comments on an answer begin: `72, because …`, `72 (the number of apples)`.
    private static func clauseBreaks(in bytes: [UInt8], _ range: Range<Int>, _ formulas: [Formula]) -> [Int] {
        let words = [
            ", ", "; ", " because", " since ", " as ", " which", " where ", " when ", " so ", " (", " for ", " in ",
            " — ", " – ",
            " after ", " with ", " if ", " by ", " on ", " at ", " of ", "，", "。",
        ].map { Array($0.utf8) }
        var found: [Int] = []
        var depth = 0
        var index = range.lowerBound
        while index < range.upperBound {
            if let formula = formulas.first(where: { $0.range.lowerBound == index }) {
                index = formula.range.upperBound
                continue
            }
            if depth == 0, index > range.lowerBound, words.contains(where: { bytes[index...].starts(with: $0) }) {
                found.append(index)
            }
            switch bytes[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
            index += 1
        }
        return found
    }

    /// Whether a sentence leaves open which of two values it means.
    private static func isHedged(_ sentence: String) -> Bool {
        let lowered = sentence.lowercased()
        if lowered.hasPrefix("either ") || lowered.contains(" either ") || lowered.contains("between ")
            || lowered.contains("alternatively")
        {
            return true
        }
        let bytes = Array(lowered.utf8)
        let or = Array(" or ".utf8)
        return bytes.indices.contains { index in
            bytes[index...].starts(with: or) && bytes[max(0, index - 12)..<index].contains(where: isDigit)
                && bytes[(index + or.count)..<min(bytes.count, index + or.count + 12)].contains(where: isDigit)
        }
    }

    // MARK: Formats

    /// The box or the marked line, whichever is later.
    private func later(_ box: (text: String, parts: [String], range: Range<Int>)?, _ line: Range<Int>?) -> String? {
        guard let line else { return box?.text }
        guard let box, box.range.lowerBound >= line.lowerBound else { return text(line) }
        return box.text
    }

    private static func lastBracket(in bytes: [UInt8]) -> Range<Int>? {
        guard let end = bytes.lastIndex(of: UInt8(ascii: "]")),
            let start = bytes[..<end].lastIndex(of: UInt8(ascii: "[")), start + 1 < end
        else { return nil }
        return start + 1..<end
    }

    /// Whether a text is prose with mathematics in it, not an expression: two words outside commands and `$…$`, or letters
    /// of a script without spaces.
    static func hasWords(_ bytes: [UInt8]) -> Bool {
        var words = 0, run = 0, others = 0
        var isCommand = false
        for byte in bytes + [UInt8(ascii: " ")] {
            if isLetter(byte) {
                run += 1
            } else {
                if run >= 2 && !isCommand { words += 1 }
                run = 0
                isCommand = byte == UInt8(ascii: "\\")
                if byte >= 0xC3 { others += 1 }
            }
            if words >= 2 || others >= 6 { return true }
        }
        return false
    }
}
