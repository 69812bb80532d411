import Foundation
import Testing
import TinyFoundation
import TinyHub
import TinyRuns
import TinyTestSupport

@Suite("A model's name")
struct ModelLocationTests {
    private let commit = String(repeating: "c0ffee00", count: 5)

    /// A cache with a snapshot of these files, and the environment that names it.
    private func cache(in folder: String, files: [String]) throws -> (snapshot: String, environment: [String: String]) {
        let repository = folder + "/cache/models--org--model", snapshot = "\(repository)/snapshots/\(commit)"
        for path in [repository + "/refs", snapshot] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try write(commit, to: repository + "/refs/main")
        for file in files { try write("{}", to: "\(snapshot)/\(file)") }
        return (snapshot, ["HF_HUB_CACHE": folder + "/cache"])
    }

    @Test("is found in the cache, unless there is such a path")
    func found() throws {
        try withTemporaryDirectory { folder in
            let (snapshot, environment) = try cache(in: folder, files: ["config.json", "one.gguf"])
            #expect(try cachedModel("org/model", in: folder, environment: environment) == snapshot)
            #expect(try cachedModel("./org/model", in: folder, environment: environment) == nil)
            #expect(try cachedModel("./model", in: folder, environment: environment) == nil)
            #expect(try cachedModel("another", in: folder, environment: environment) == nil)
            try FileManager.default.createDirectory(atPath: folder + "/org/model", withIntermediateDirectories: true)
            #expect(try cachedModel("org/model", in: folder, environment: environment) == nil)
        }
    }

    @Test("without its owner is refused with the owner, unless there is such a path")
    func missingOwner() throws {
        try withTemporaryDirectory { folder in
            let (_, environment) = try cache(in: folder, files: ["config.json"])
            for name in ["model", "Model"] {
                let error = #expect(throws: RunError.self) {
                    try cachedModel(name, in: folder, environment: environment)
                }
                #expect(error?.hint == "the name of a downloaded model has its owner: org/model")
            }
            try FileManager.default.createDirectory(atPath: folder + "/model", withIntermediateDirectories: true)
            #expect(try cachedModel("model", in: folder, environment: environment) == nil)
        }
    }

    @Test("means the GGUF file where that is all there is")
    func soleFile() throws {
        try withTemporaryDirectory { folder in
            let (snapshot, environment) = try cache(in: folder, files: ["one.gguf"])
            #expect(try cachedModel("org/model", in: folder, environment: environment) == snapshot + "/one.gguf")
        }
    }

    @Test("means the first part where a GGUF file is in several, and no one of several models")
    func severalFiles() throws {
        try withTemporaryDirectory { folder in
            let parts = (1...3).map { "m-0000\($0)-of-00003.gguf" }
            let (snapshot, environment) = try cache(in: folder, files: parts)
            #expect(try cachedModel("org/model", in: folder, environment: environment) == "\(snapshot)/\(parts[0])")
            for (removed, added) in [(parts[1], "n.gguf"), ("n.gguf", "m.gguf")] {
                try FileManager.default.removeItem(atPath: "\(snapshot)/\(removed)")
                try write("{}", to: "\(snapshot)/\(added)")
                let found = description(in: snapshot) {
                    _ = try cachedModel("org/model", in: folder, environment: environment)
                }
                let listed = [parts[0], parts[2], added].sorted().joined(separator: ", ")
                #expect(found == "DIR has several GGUF files: \(listed)\n hint: give the path of one of them")
            }
        }
    }

    @Test("that is not in the cache is told with the command that fetches it")
    func missing() throws {
        try withTemporaryDirectory { folder in
            let found = description(in: folder) {
                _ = try cachedModel("org/other", in: folder, environment: ["HF_HUB_CACHE": folder + "/cache"])
            }
            #expect(
                found == """
                    there is neither DIR/org/other nor a model org/other in the cache DIR/cache
                     hint: `tinylora download org/other` fetches the model
                    """)
        }
    }
}

@Suite("The files of a model")
struct ModelFilesTests {
    private func chosen(_ paths: [String], _ files: ModelFiles = .model) throws -> [String] {
        try files.chosen(from: paths).sorted()
    }

    @Test("are those that this program reads")
    func read() throws {
        let paths = [
            ".gitattributes", "README.md", "config.json", "consolidated.safetensors", "generation_config.json",
            "merges.txt", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json", "onnx/model.onnx", "original/model.safetensors", "pytorch_model.bin",
            "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "x.gguf",
        ]
        #expect(
            try chosen(paths) == [
                "config.json", "generation_config.json", "merges.txt", "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors", "model.safetensors.index.json", "tokenizer.json",
                "tokenizer_config.json", "vocab.json",
            ])
        #expect(
            try chosen(["config.json", "model.safetensors", "other.safetensors"]) == [
                "config.json", "model.safetensors",
            ])
    }

    @Test("that are named or match are taken, and missing ones are told with what there is")
    func choices() throws {
        let paths = ["README.md", "a-Q4_K_M.gguf", "a-Q8_0.gguf"]
        #expect(try chosen(paths, .named(["a-Q8_0.gguf"])) == ["a-Q8_0.gguf"])
        #expect(try chosen(paths, .matching(["*Q4*", "*.md"])) == ["README.md", "a-Q4_K_M.gguf"])
        let cases: [(ModelFiles, [String])] = [
            (.model, ["--file", "a-Q4_K_M.gguf, a-Q8_0.gguf"]),
            (.named(["a-Q8.gguf"]), ["a-Q8.gguf", "did you mean a-Q8_0.gguf?"]),
            (.matching(["*.bin"]), ["*.bin", "README.md"]),
        ]
        for (files, words) in cases {
            let found = description(in: "DIR") { _ = try files.chosen(from: paths) }
            for word in words { #expect(found.contains(word), "\(found)") }
        }
    }
}
