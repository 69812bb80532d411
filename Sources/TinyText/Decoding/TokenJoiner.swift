/// Joins the bytes of tokens, and removes from the beginning of the text what the encoder added there.
///
/// In a `tokenizer.json` with `ByteFallback`, a run of tokens for single bytes is a unit: its characters if all of it is UTF-8,
/// otherwise one U+FFFD for each byte. A joiner that streams cannot take characters back: it gives those of a run as soon as
/// they are complete, and one U+FFFD for each byte that follows them if the run is not UTF-8 as a whole.
struct TokenJoiner: Sendable {
    private let tokenizer: Tokenizer
    private let skipsSpecialTokens: Bool
    private let streams: Bool
    /// Whether no token has been joined.
    private var isFirst = true
    /// Whether no byte has been joined.
    private var isEmpty = true
    /// The bytes of the run of byte tokens at the end that have not been joined.
    private var run: [UInt8] = []
    /// Whether this run is known not to be UTF-8.
    private var isBroken = false

    init(_ tokenizer: Tokenizer, skippingSpecialTokens: Bool, streams: Bool) {
        self.tokenizer = tokenizer
        skipsSpecialTokens = skippingSpecialTokens
        self.streams = streams
    }

    /// Goes on from a text: what follows keeps its first space, if any of these tokens has a part in the text.
    mutating func follow(_ ids: some Sequence<Int>) {
        for id in ids {
            guard let token = joinedBytes(of: id) else { continue }
            isFirst = false
            if !token.isEmpty {
                isEmpty = false
                return
            }
        }
    }

    /// The bytes of a token; nil when there is no such token or it is skipped.
    private func joinedBytes(of id: Int) -> ArraySlice<UInt8>? {
        skipsSpecialTokens && tokenizer.isSpecial(id) ? nil : tokenizer.knownBytes(of: id)
    }

    /// Appends what the next token adds to the text; nothing when there is no such token or it is skipped.
    mutating func append(_ id: Int, to bytes: inout [UInt8]) {
        guard let token = joinedBytes(of: id) else { return }
        if tokenizer.joinsRun(id) {
            run.append(contentsOf: token)
            if streams { joinCompleteCharacters(to: &bytes) }
        } else {
            finish(&bytes)
            if isFirst, case .withoutMarks(let marks) = tokenizer.beginning {
                var unmarked: [UInt8] = []
                marks.replace(in: tokenizer.spelling(of: id), into: &unmarked)
                join(unmarked[...], to: &bytes)
            } else {
                join(token, to: &bytes)
            }
        }
        isFirst = false
    }

    /// Ends the run of byte tokens at the end of the text.
    mutating func finish(_ bytes: inout [UInt8]) {
        if !run.isEmpty { joinRun(upTo: run.count, to: &bytes) }
        isBroken = false
    }

    private mutating func joinCompleteCharacters(to bytes: inout [UInt8]) {
        let complete = run.count - (isBroken ? 0 : incompleteSuffix(of: run))
        if complete > 0 { joinRun(upTo: complete, to: &bytes) }
    }

    /// Joins the first bytes of the run if they are UTF-8, or all of it as U+FFFD.
    private mutating func joinRun(upTo end: Int, to bytes: inout [UInt8]) {
        if !isBroken, String(validating: run[..<end], as: UTF8.self) != nil {
            join(run[..<end], to: &bytes)
            run.removeFirst(end)
        } else {
            join(Array(repeatElement("\u{FFFD}".utf8, count: run.count).joined())[...], to: &bytes)
            run = []
            isBroken = true
        }
    }

    private mutating func join(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        guard !text.isEmpty else { return }
        if isEmpty, case .withoutOneSpace = tokenizer.beginning, text.first == UInt8(ascii: " ") {
            bytes.append(contentsOf: text.dropFirst())
        } else {
            bytes.append(contentsOf: text)
        }
        isEmpty = false
    }
}
