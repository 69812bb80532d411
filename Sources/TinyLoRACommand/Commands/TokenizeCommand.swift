import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Turns text into token ids and back, line by line.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Converts text to token ids and back; reads and writes JSON Lines.",
        discussion: """
            Every line of standard input is an object with "text", or with "ids" for --decode; the result is a line with \
            "ids", or "text". An invalid line gives a line with "error", and the next one is read.

            EXAMPLES
              echo '{"text": "12 + 30 = 42"}' | tinylora tokenize --model Qwen/Qwen2.5-0.5B --jsonl
              tinylora tokenize --tokenizer tokenizer.json --jsonl --no-special < texts.jsonl > ids.jsonl
              tinylora tokenize --tokenizer vocabulary.gguf --jsonl --decode < ids.jsonl
            """)

    @Option(
        help: ArgumentHelp(
            "Tokenizer file: tokenizer.json, a GGUF file, or vocab.json with merges.txt beside it.", valueName: "file"),
        transform: path)
    var tokenizer: String?
    @Option(
        help: ArgumentHelp("Directory, GGUF file or downloaded name of a model (default: Abacus).", valueName: "path"),
        transform: modelPath)
    var model: String?
    @Flag(help: "Read and write JSON Lines, the only format.")
    var jsonl = false
    @Flag(
        help:
            "Do not add special tokens such as bos; special tokens in the text are still recognised.")
    var noSpecial = false
    @Flag(help: "Decode ids to text.")
    var decode = false
    @Flag(help: "With --decode, omit special tokens.")
    var skipSpecial = false

    func validate() throws {
        guard tokenizer == nil || model == nil else { throw ValidationError("give --tokenizer or --model, not both") }
    }

    func run() throws {
        let tokenizer =
            if let file = tokenizer {
                try Tokenizer(contentsOf: file)
            } else {
                try Tokenizer(modelDirectory: model ?? AbacusFiles.directory())
            }
        try answerLines { line, number -> Answer in
            do throws(FileError) {
                let row = try JSONDocument(Array(line), name: "line \(number)", isLine: true).root
                guard decode else {
                    return .ids(tokenizer.encode(try row.member("text").string(), addingSpecialTokens: !noSpecial))
                }
                let ids = try row.member("ids").elements().map { (id) throws(FileError) in try id.integer() }
                return .text(tokenizer.decode(ids, skippingSpecialTokens: skipSpecial))
            } catch {
                return .error(error.message)
            }
        }
    }

    private enum Answer: Encodable {
        case text(String)
        case ids([Int])
        case error(String)

        private enum CodingKeys: String, CodingKey { case text, ids, error }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            switch self {
            case .text(let text): try container.encode(text, forKey: .text)
            case .ids(let ids): try container.encode(ids, forKey: .ids)
            case .error(let message): try container.encode(message, forKey: .error)
            }
        }
    }
}
