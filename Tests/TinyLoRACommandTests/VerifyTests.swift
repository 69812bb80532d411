import Foundation
import Testing

/// `tinylora verify`: the same bits however the work is divided, and what it says where they are not.
@Suite("verify", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct VerifyTests {
    private static let small = ["verify", "--prompt-tokens", "8", "--new-tokens", "2", "--threads", "1,2"]

    private func divisions(_ outcome: Outcome) throws -> [[String: Any]] {
        try #require(try outcome.json()["divisions"] as? [[String: Any]], "\(outcome)")
    }

    @Test("finds the same bits in every division of the model in the box, in both arithmetics")
    func sameBits() throws {
        let outcome = try Executable.run(Self.small + ["--json"], in: Scratch())
        expectSuccess(outcome)
        #expect(try outcome.json()["differing"] as? Int == 0, "\(outcome)")
        let divisions = try divisions(outcome)
        for arithmetic in ["float32", "bfloat16"] {
            let outcomes = Dictionary(
                grouping: divisions.filter { $0["arithmetic"] as? String == arithmetic },
                by: { $0["outcome"] as? String ?? "" })
            let first = outcomes["first"]?.compactMap { $0["name"] as? String }
            #expect(first == ["sampled together", "gradient of LoRA"])
            #expect((outcomes["same"]?.count ?? 0) >= 19, "\(outcome)")
            #expect(outcomes["different"] == nil, "\(outcome)")
        }
    }

    @Test("names the first number that differs from another machine's result, and ends with exit code 1")
    func reportsDifference() throws {
        let scratch = try Scratch(), model = try scratch.model(.halfPrecision)
        let run = Self.small + ["--model", model.path, "--arithmetic", "bfloat16"]
        let first = try Executable.run(run + ["--json"], in: scratch)
        expectSuccess(first)
        let same = try Executable.run(run + ["--reference", try scratch.file("same.json", first.output)], in: scratch)
        expectSuccess(same)
        #expect(same.output.split(separator: "\n").last?.hasPrefix("0 of ") == true, "\(same)")

        var record = try first.json()
        var values = try #require(record["values"] as? [String: [String: [String: [Int]]]])
        values["bfloat16"]?["logprobs"]?["prompt 2, sample 3"]?[1] ^= 1
        record["values"] = values
        let text = String(decoding: try JSONSerialization.data(withJSONObject: record), as: UTF8.self)
        let other = try Executable.run(run + ["--reference", try scratch.file("other.json", text)], in: scratch)
        #expect(other.status == 1 && !other.wasKilled, "\(other)")
        #expect(other.output.contains("DIFFERENT at logprobs of prompt 2, sample 3, number 2: "), "\(other)")
        #expect(other.output.split(separator: "\n").last?.hasPrefix("1 of ") == true, "\(other)")
    }

    @Test("refuses a result of other work, and a file that is none")
    func refusesOtherWork() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let run = Self.small + ["--model", model.path, "--arithmetic", "float32"]
        let first = try Executable.run(run + ["--json"], in: scratch)
        let file = try scratch.file("first.json", first.output)
        let longer = try Executable.run(run + ["--new-tokens", "3", "--reference", file], in: scratch)
        expectRefusal(longer, naming: ["first.json", "new tokens", "2", "3"])
        let none = try Executable.run(run + ["--reference", try scratch.file("none.json", "{}")], in: scratch)
        expectRefusal(none, naming: ["none.json", "tinylora verify"])
    }

    @Test(
        "refuses options that make no sense",
        arguments: [
            (["--threads", "1,zero"], "zero"), (["--new-tokens", "0"], "--new-tokens"),
            (["--model", "somewhere", "--model-shape", "abacus"], "--model-shape"),
        ])
    func refusesOptions(options: [String], word: String) throws {
        expectRefusal(try Executable.run(["verify"] + options, in: Scratch()), naming: [word])
    }
}
