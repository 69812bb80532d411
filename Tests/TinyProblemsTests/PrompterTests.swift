import Testing
import TinyProblems
import TinyFoundation

/// Two characters are one token of structure; every other scalar is its own token.
private struct MarkerCodec: TextCodec {
    let reservedTexts = ["<>", "§"]

    func encode(_ text: String) -> [Int] { [-9] + encode(continuation: text) }

    func encode(continuation: String) -> [Int] {
        var tokens: [Int] = []
        var rest = Array(continuation.unicodeScalars)[...]
        while let scalar = rest.first {
            let isMarker = rest.starts(with: "<>".unicodeScalars)
            tokens.append(isMarker ? -1 : Int(scalar.value))
            rest = rest.dropFirst(isMarker ? 2 : 1)
        }
        return tokens
    }

    func decode(_ tokens: [Int]) -> String { "" }
}

private struct Turns: ChatFormat {
    struct Refusal: Error {}
    var changes = false

    func text(of messages: [ChatMessage]) throws -> String {
        if messages.contains(where: { $0.role == .system }) { throw Refusal() }
        return messages.map { message in
            "<>\(message.role.rawValue)\(changes ? String(message.content.prefix(4)) : message.content)"
        }.joined() + "<>assistant"
    }
}

@Suite("Prompter")
struct PrompterTests {
    private func scalars(_ text: String) -> [Int] { text.unicodeScalars.map { Int($0.value) } }

    @Test("gives plain text to a model without turns, as its tokenizer encodes texts")
    func plain() throws {
        let prompt = try Prompter(style: .abacus, codec: MarkerCodec()).prompt(for: "1?")
        #expect(prompt.text == "Q: 1?\nA:" && prompt.tokens == [-9] + scalars("Q: 1?\nA:"))
    }

    @Test("gives turns to a model with a chat format, and nothing around them")
    func turns() throws {
        let prompt = try Prompter(style: .abacus, codec: MarkerCodec(), chat: Turns()).prompt(for: "1?")
        #expect(prompt.text == "<>userQ: 1?<>assistant")
        #expect(prompt.tokens == [-1] + scalars("userQ: 1?") + [-1] + scalars("assistant"))
    }

    @Test("spells a marker in a question out, with and without turns")
    func markers() throws {
        let plain = try Prompter(style: .plain, codec: MarkerCodec()).prompt(for: "a<><>b")
        #expect(plain.text == "a<><>b" && plain.tokens == [-9] + scalars("a<><>b"))
        let chat = try Prompter(style: .plain, codec: MarkerCodec(), chat: Turns()).prompt(for: "<>x")
        #expect(chat.text == "<>user<>x<>assistant")
        #expect(chat.tokens == [-1] + scalars("user<>x") + [-1] + scalars("assistant"))
    }

    @Test("refuses what it cannot spell out, and formats that refuse or change the messages")
    func refusals() throws {
        func code(_ prompter: Prompter, _ question: String) -> ProblemErrorCode? {
            #expect(throws: ProblemError.self) { try prompter.prompt(for: question) }?.code
        }
        #expect(code(Prompter(style: .plain, codec: MarkerCodec()), "a§") == .reservedText)
        var style = PromptStyle.plain
        style.system = "Be brief."
        #expect(code(Prompter(style: style, codec: MarkerCodec(), chat: Turns()), "1?") == .unusableChatFormat)
        let cutting = Prompter(style: .plain, codec: MarkerCodec(), chat: Turns(changes: true))
        #expect(code(cutting, "<>1234") == .unusableChatFormat)
    }
}
