import Foundation
import TinyCheckpoint
import TinyFoundation
import TinyTemplates
import TinyText

/// The files of a directory's tokenizer and chat template.
private let tokenizerFiles = [
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt",
    "tokenizer.model", "chat_template.jinja", "chat_template.json",
]
private let templateFolder = "additional_chat_templates/"

extension ModelText {
    /// Names of the files that ``writeTokenizer(to:)`` writes. Of a directory they are those that it has of its tokenizer and chat
    /// templates, and the Python code that `auto_map` in a configuration may name.
    var textFiles: [String] {
        if isGGUF(checkpoint.directory) { return ["tokenizer.json", "tokenizer_config.json"] }
        func names(in folder: String = "", ending: String) -> [String] {
            let names = try? FileManager.default.contentsOfDirectory(atPath: "\(checkpoint.directory)/\(folder)")
            return (names ?? []).filter { $0.hasSuffix(ending) }.sorted().map { folder + $0 }
        }
        return tokenizerFiles.filter { FileManager.default.fileExists(atPath: "\(checkpoint.directory)/\($0)") }
            + names(in: templateFolder, ending: ".jinja") + names(ending: ".py")
    }

    /// Writes the files of this model's tokenizer and chat template: copies where it is a directory; where it is a GGUF file,
    /// `tokenizer.json` and `tokenizer_config.json` with what the file holds.
    func writeTokenizer(to directory: String) throws {
        guard isGGUF(checkpoint.directory) else {
            for name in textFiles {
                if name.hasPrefix(templateFolder) {
                    try AtomicFile.makeDirectory("\(directory)/\(templateFolder)")
                }
                let data = try Data(contentsOf: URL(fileURLWithPath: "\(checkpoint.directory)/\(name)"))
                try AtomicFile.write(data, to: "\(directory)/\(name)")
            }
            return
        }
        guard let tokenizer else { return }
        var settings = try ChatTemplate.tokenizerConfiguration(ofGGUF: checkpoint.directory)
        for (name, id) in [("bos_token", tokenizer.beginningOfTextID), ("eos_token", tokenizer.endOfTextID)] {
            if settings[name] == nil, let token = id.flatMap(tokenizer.token) { settings[name] = .string(token) }
        }
        // The class that takes everything else from tokenizer.json.
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"
        settings["clean_up_tokenization_spaces"] = false
        settings["model_max_length"] = .integer(checkpoint.configuration.contextLength)
        let around = tokenizer.encode("")
        settings["add_bos_token"] = .bool(around.first != nil && around.first == tokenizer.beginningOfTextID)
        settings["add_eos_token"] = .bool(around.last != nil && around.last == tokenizer.endOfTextID)
        try AtomicFile.write(Tokenizer.json(ofGGUF: checkpoint.directory), to: directory + "/tokenizer.json")
        let members = settings.map { JSONValue.Member($0.key, $0.value) }
        try AtomicFile.write(JSONValue.object(members).document, to: directory + "/tokenizer_config.json")
    }
}
