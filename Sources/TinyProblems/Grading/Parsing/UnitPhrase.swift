/// The tokens of a unit behind a number, such as `cm^2`, `km per hour`, `apples in total`.
struct UnitPhrase {
    /// The unit as ``Unit`` reads it.
    private(set) var text = ""
    /// The index behind its last token.
    private(set) var end: Int
    private var words: [String] = []
    /// Runs of one or two letters.
    private var runs: [String] = []
    private var hasText = false
    private var startsApart = false
    /// Whether it is an argument of `\frac`.
    private let isArgument: Bool

    /// Whether it is letters only, which could be variables.
    var isLetters: Bool { !hasText && words.allSatisfy { $0.count <= 3 } }

    /// Reads words up to the next separator; `nil` where something else than a unit follows.
    init?(_ tokens: [AnswerToken], from start: Int) {
        end = start
        isArgument = start > 0 && tokens[start - 1].kind == .open(.group)
        let followsDegree = start > 0 && tokens[start - 1].kind == .symbol(.degree)
        startsApart = start < tokens.count && (tokens[start].followsSpace || followsDegree)
        var isRun = false
        var depth = 0
        scan: while end < tokens.count {
            var continuesRun = false
            switch tokens[end].kind {
            case .text(let part):
                text += " " + part
                hasText = true
            case .word(let word):
                words.append(word)
                text += " " + word
            case .name(let name):
                guard name.utf8.count == 1 || name == "Omega" else { return nil }
                let name = name == "Omega" ? "Ω" : name
                if isRun && !tokens[end].followsSpace {
                    runs[runs.count - 1] += name
                    text += name
                } else {
                    runs.append(name)
                    text += " " + name
                }
                continuesRun = true
            case .symbol(.power):
                guard end > start, let (value, length) = Self.smallPower(in: tokens, at: end + 1) else { return nil }
                text += "^\(value)"
                end += length
            case .construct(.fraction):
                guard let (fraction, length) = Self.fraction(in: tokens, at: end + 1) else { return nil }
                text += " " + fraction
                end += length
                hasText = true
            case .symbol(.divide):
                if text.isEmpty {
                    guard end + 1 < tokens.count, case .text = tokens[end + 1].kind else { return nil }
                }
                text += "/"
            case .open(.round):
                guard text.hasSuffix("/") else { return nil }
                depth += 1
            case .close(.round) where depth > 0: depth -= 1
            case .symbol(.times):
                guard !text.isEmpty else { return nil }
                text += " "
            case .unsupported("."):
                guard !text.isEmpty else { return nil }
            case .symbol(.comma), .symbol(.semicolon), .symbol(.and), .symbol(.or), .symbol(.ampersand),
                .symbol(.newline), .close, .relation, .symbol(.bar):
                break scan
            case .number where !text.isEmpty: break scan
            default: return nil
            }
            isRun = continuesRun
            end += 1
        }
        guard end > start, depth == 0, isUnit(followsDegree: followsDegree) else { return nil }
    }

    private static let fillers: Set<String> = ["in", "no"]

    private func isUnit(followsDegree: Bool) -> Bool {
        let isSentence = hasText || words.contains { $0.count > 3 }
        guard words.allSatisfy({ $0.count > 3 || isSentence || $0 == "per" || Unit.isName($0) }) else { return false }
        guard
            runs.allSatisfy({
                isSentence && Self.fillers.contains($0) || ["sq", "cu"].contains($0) || Unit.isName($0)
                    || Unit.isSymbol($0)
            })
        else {
            return false
        }
        if isSentence || words.contains(where: Unit.isName) || runs.contains(where: Unit.isName) { return true }
        if runs.isEmpty { return false }
        if isArgument { return true }
        // Single letters: `5 m`, `5m/s`, but `5x` and `5m` are products.
        if runs == ["m"], text.hasSuffix("^2") || text.hasSuffix("^3") { return true }
        let isCompound = runs.count > 1 && text.contains("/")
        return isCompound || startsApart && (followsDegree || runs.allSatisfy { "msghLNJWVKΩ".contains($0) })
    }

    /// The units of `\frac{m}{s}`, and the tokens of its arguments.
    private static func fraction(in tokens: [AnswerToken], at start: Int) -> (text: String, length: Int)? {
        var parts: [String] = []
        var index = start
        for _ in 0..<2 {
            guard index < tokens.count, tokens[index].kind == .open(.group),
                let part = UnitPhrase(tokens, from: index + 1),
                part.end < tokens.count, tokens[part.end].kind == .close(.group),
                part.hasText || (part.words + part.runs).allSatisfy({ Unit.isName($0) || Unit.isSymbol($0) })
            else { return nil }
            parts.append(part.text)
            index = part.end + 1
        }
        return (parts.joined(separator: "/"), index - start)
    }

    private static func smallPower(in tokens: [AnswerToken], at index: Int) -> (value: Int, length: Int)? {
        var index = index, length = 1
        let isGroup = index < tokens.count && tokens[index].kind == .open(.group)
        if isGroup {
            index += 1
            length += 2
        }
        let isNegative = index < tokens.count && tokens[index].kind == .symbol(.minus)
        if isNegative {
            index += 1
            length += 1
        }
        guard index < tokens.count, case .number(let numeral) = tokens[index].kind,
            let value = numeral.value.integer(upTo: 9),
            !isGroup || index + 1 < tokens.count && tokens[index + 1].kind == .close(.group)
        else { return nil }
        return (isNegative ? -value : value, length)
    }
}
