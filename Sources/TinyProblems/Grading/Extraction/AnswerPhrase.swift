/// Finds phrases that announce an answer: "the answer is", "Final answer:", and the same in other languages.
enum AnswerPhrase {
    /// Phrases with the answer right behind them, lower case.
    private static let phrases: [[UInt8]] = [
        "result is", "result:", "solution is", "solutions are", "solution set is", "roots are", "option is",
        "choice is", "ans:", "ans.",
        "ans =", "答案是", "答案：", "答案:", "答案为", "réponse est", "réponse finale est", "réponse :", "réponse:",
        "respuesta es",
        "respuesta final es", "respuesta:", "respuesta final:", "antwort ist", "antwort lautet", "antwort:",
        "ergebnis ist",
        "ergebnis lautet", "risposta è", "risposta:", "resposta é", "resposta:", "ответ:", "Ответ:", "ответ —",
        "ОТВЕТ:", "الجواب هو", "الإجابة هي",
        "उत्तर है", "答えは", "정답은", "<answer>",
    ].map { Array($0.utf8) }

    private static let keyword = Array("answer".utf8)

    /// What can follow "answer" before the answer, lower case; the longest first.
    private static let links: [[UInt8]] = [
        "would be", "should be", "will be", "must be", "comes out to", "equals", "are", "was", "is", ":", "=", "：", "→",
    ].map { Array($0.utf8) }

    /// Words that come between "is" and the answer, lower case.
    private static let fillers: [[UInt8]] = [
        "therefore", "thus", "simply", "just", "exactly", "indeed", "clearly", "then", "also", "hence", "given by",
        "as follows",
        "option", "choice", "letter", "the number", "equal to", "the following", "now", "of course", "actually",
        "the value",
        "the letter", "the fraction", "the interval", "the set", "the ordered pair", "the point",
    ].map { Array($0.utf8) }

    /// The places where an answer is announced at or after a position, in order: the position of what follows the phrase,
    /// and the length of the phrase.
    static func announcements(in bytes: [UInt8], from lowest: Int = 0) -> [(start: Int, phrase: Range<Int>)] {
        var found: [(start: Int, phrase: Range<Int>)] = []
        var index = lowest
        while index < bytes.count {
            if matches(keyword, in: bytes, at: index) {
                if let start = startAfterKeyword(index + keyword.count, in: bytes) {
                    found.append((start, index..<start))
                }
                index += keyword.count
            } else if let phrase = phrases.first(where: { matches($0, in: bytes, at: index) }) {
                let isWhole = index == 0 || !isLetter(bytes[index - 1]) || !isLetter(phrase[0])
                if isWhole {
                    found.append((withoutFillers(index + phrase.count, in: bytes), index..<index + phrase.count))
                }
                index += phrase.count
            } else {
                index += 1
            }
        }
        return found
    }

    private static func matches(_ pattern: [UInt8], in bytes: [UInt8], at index: Int) -> Bool {
        guard index + pattern.count <= bytes.count, lowered(bytes[index]) == pattern[0] else { return false }
        return zip(bytes[index...], pattern).allSatisfy { lowered($0) == $1 }
    }

    private static func isMarkup(_ byte: UInt8) -> Bool { "*_`\"'#)]}>".utf8.contains(byte) }

    private static func skip(_ index: Int, in bytes: [UInt8], while condition: (UInt8) -> Bool) -> Int {
        bytes[index...].firstIndex { !condition($0) } ?? bytes.count
    }

    /// Where the answer starts behind the word "answer"; `nil` where none is announced.
    private static func startAfterKeyword(_ index: Int, in bytes: [UInt8]) -> Int? {
        var index = index
        if index < bytes.count, lowered(bytes[index]) == UInt8(ascii: "s") { index += 1 }
        guard index >= bytes.count || !isLetter(bytes[index]) else { return nil }
        // "answers (a) and (b)", "the answer to the question is"
        index = skip(index, in: bytes) { isMarkup($0) || $0 == UInt8(ascii: " ") }
        if let linked = afterLink(index, in: bytes) { return linked }
        guard index < bytes.count else { return nil }
        if bytes[index] == UInt8(ascii: "\n") {
            let next = skip(index, in: bytes) { isSpace($0) || isMarkup($0) || $0 == UInt8(ascii: ":") }
            return next < bytes.count ? next : nil
        }
        if bytes[index] == UInt8(ascii: "$") || bytes[index...].starts(with: Array("\\(".utf8))
            || bytes[index...].starts(with: Array("\\[".utf8)) || bytes[index...].starts(with: Array("\\boxed".utf8))
        {
            return index
        }
        let connectors = ["to ", "for ", "of ", "in ", "that ", "we "].map { Array($0.utf8) }
        guard connectors.contains(where: { matches($0, in: bytes, at: index) }) else { return nil }
        let end = Sentences.end(from: index, in: bytes, limit: index + 120)
        let copulas = [" is ", " are ", " is: ", ": ", " equals "].map { Array($0.utf8) }
        for position in index..<end {
            if let copula = copulas.first(where: { matches($0, in: bytes, at: position) }) {
                return withoutFillers(position + copula.count, in: bytes)
            }
        }
        return nil
    }

    private static func afterLink(_ index: Int, in bytes: [UInt8]) -> Int? {
        guard let link = links.first(where: { matches($0, in: bytes, at: index) }) else { return nil }
        let end = index + link.count
        if isLetter(link[0]), end < bytes.count, isLetter(bytes[end]) { return nil }
        return withoutFillers(end, in: bytes)
    }

    /// The first position at or after `index` behind white space, marks and words without meaning.
    private static func withoutFillers(_ index: Int, in bytes: [UInt8]) -> Int {
        func isSkipped(_ byte: UInt8) -> Bool { isSpace(byte) || ":*=\"_`,}".utf8.contains(byte) }
        var index = skip(index, in: bytes, while: isSkipped)
        while let filler = fillers.first(where: {
            matches($0, in: bytes, at: index) && (index + $0.count >= bytes.count || !isLetter(bytes[index + $0.count]))
        }) {
            index = skip(index + filler.count, in: bytes, while: isSkipped)
        }
        return index
    }

    /// A line without the words that announce an answer at its start: `Final Answer: 72`, `The answer is 72`.
    static func withoutAnnouncement(_ line: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        let words = ["the final answer", "the answer", "final answer", "answer", "so the answer", "ans", "answers"]
        guard let word = words.map({ Array($0.utf8) }).first(where: { matches($0, in: bytes, at: line.lowerBound) })
        else {
            return line
        }
        let index = skip(line.lowerBound + word.count, in: bytes) { isMarkup($0) || $0 == UInt8(ascii: " ") }
        if index >= line.upperBound { return line.upperBound..<line.upperBound }
        guard let start = afterLink(index, in: bytes) else { return line }
        return start >= line.upperBound
            ? line.upperBound..<line.upperBound : undressed(start..<line.upperBound, in: bytes)
    }
}
