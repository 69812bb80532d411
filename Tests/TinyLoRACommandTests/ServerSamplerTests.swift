#if Serve
    import Foundation
    import Testing

    /// Commands whose completions come from a server: `tinylora serve`, in a process of its own.
    @Suite("a server that samples", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
    struct ServerSamplerTests {
        /// Runs a line in which `$url` is the address of a server of Abacus, whose adapters are in the scratch folder.
        private func serving(_ line: String, in scratch: Scratch) throws -> Outcome {
            try Executable.run(
                shell: """
                    "$0" serve --adapters . --port 0 >url 2>serve.log &
                    server=$!
                    trap 'kill $server' EXIT
                    for _ in {1..200}; do if [[ -s url ]]; then break; fi; sleep 0.05; done
                    url=$(<url)
                    \(line)
                    """, in: scratch)
        }

        private func lines(_ name: String, in scratch: Scratch) throws -> [[String: Any]] {
            try String(contentsOfFile: scratch.path(name), encoding: .utf8).split(separator: "\n").map {
                try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
        }

        private func tokens(_ name: String, in scratch: Scratch) throws -> [String] {
            try lines(name, in: scratch).map {
                "\($0["problem"] ?? "") \($0["completion"] ?? "") \($0["strict"] ?? "")"
            }
        }

        @Test("eval asks it for the same completions, records that it did, and refuses to go on without it")
        func evaluates() throws {
            let scratch = try Scratch()
            _ = try scratch.file("mine.safetensors", "")
            let outcome = try serving(
                """
                "$0" eval --limit 6 --max-tokens 24 --output here --json >/dev/null &&
                "$0" eval --limit 6 --max-tokens 24 --output there --sampler "$url" --json
                """, in: scratch)
            expectSuccess(outcome)
            let log = try String(contentsOfFile: scratch.path("serve.log"), encoding: .utf8)
            #expect(log.contains("adapters   .: mine"), "\(log)")
            let settings = try #require(outcome.json()["settings"] as? [String: Any])
            #expect(settings["sampler"] as? String == "tinylora")
            let name = try #require(
                FileManager.default.contentsOfDirectory(atPath: scratch.path("here")).first { $0.contains("samples") })
            #expect(try tokens("here/\(name)", in: scratch) == tokens("there/\(name)", in: scratch))
            expectRefusal(
                try Executable.run(
                    ["eval", "--limit", "6", "--max-tokens", "24", "--output", scratch.path("there"), "--resume"],
                    in: scratch), naming: ["sampler"])
            expectRefusal(
                try Executable.run(
                    ["eval", "--adapter", "x", "--sampler", "http://127.0.0.1:9"], in: scratch),
                naming: ["--sampler with --adapter needs --output"])
            expectRefusal(
                try Executable.run(["eval", "--limit", "1", "--sampler", "http://127.0.0.1:9"], in: scratch),
                naming: ["127.0.0.1:9"])
        }

        @Test(
            "runs of every algorithm train with it, a whole population at once",
            arguments: [
                "--algorithm grpo --steps 2 --batch 2 --group-size 4",
                "--algorithm openes --steps 2 --batch 2 --set population_size=4",
                "--algorithm sft --steps 2 --batch 2",
            ])
        func trains(algorithm: String) throws {
            let scratch = try Scratch()
            let outcome = try serving(
                """
                "$0" train \(algorithm) --max-tokens 24 --eval-problems 2 --learning-rate 0.05 --output run --sampler "$url" \
                --json
                """, in: scratch)
            expectSuccess(outcome)
            let steps = try lines("run/steps.jsonl", in: scratch)
            #expect(steps.count == 2)
            let manifest = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: scratch.path("run/manifest.json"))))
            let schemes = try #require((manifest as? [String: Any])?["schemes"] as? [String: String])
            #expect(schemes["sampler"] == "tinylora", "\(schemes)")
            for step in steps {
                guard let mean = step["sampling/importance_sampling_ratio/mean"] as? Double else { continue }
                #expect(abs(mean - 1) < 0.02, "\(mean)")
            }
            let agreements = try lines("run/agreements.jsonl", in: scratch)
            #expect(!agreements.isEmpty)
            let served = try? FileManager.default.contentsOfDirectory(atPath: scratch.path("run/served"))
            #expect(served ?? [] == [], "what servers no longer hold has no files: \(served)")
        }

        @Test("a sweep passes it on to its runs")
        func sweeps() throws {
            let scratch = try Scratch()
            _ = try scratch.file(
                "s.yaml",
                """
                defaults: {base: abacus, max_steps: 1, problems_per_step: 2, num_generations: 2, max_completion_length: 16, \
                eval_problems: 2}
                runs: [{parameters: 1}]
                """)
            let outcome = try serving(
                """
                "$0" sweep s.yaml --output sweep --sampler "$url" --json
                """, in: scratch)
            expectSuccess(outcome)
            let run = try #require(
                FileManager.default.contentsOfDirectory(atPath: scratch.path("sweep")).first { $0.hasSuffix("seed1") })
            #expect(
                try String(contentsOfFile: scratch.path("sweep/\(run)/manifest.json"), encoding: .utf8)
                    .contains(#""sampler""#))
        }
    }
#endif
