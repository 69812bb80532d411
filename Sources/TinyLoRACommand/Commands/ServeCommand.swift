#if Serve
    import ArgumentParser
    import Foundation
    import TinyFoundation
    import TinyLoRA
    import TinyServer

    /// Requests over HTTP in, answers out.
    struct ServeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "serve",
            abstract: "Serves a model and any number of adapters by HTTP, as OpenAI's API.",
            discussion: """
                A request's `model` names the model, an adapter of --adapters (a run, a file without its ending), or holds an
                adapter code. Requests with different adapters are computed together, and each gets the bits it gets alone.
                A page to compare adapters with the model is at http://127.0.0.1:8080/.

                EXAMPLES
                  tinylora serve
                  tinylora serve --adapters runs --port 9000
                  tinylora serve --model Qwen/Qwen2.5-0.5B-Instruct --adapters runs --host 0.0.0.0 --token-file token.txt

                  curl http://127.0.0.1:8080/v1/chat/completions -d '{
                    "model": "demo", "messages": [{"role": "user", "content": "What is 17 + 25?"}]}'
                """)

        @OptionGroup var choice: ModelChoice
        @Option(help: "Directory whose runs and adapter files requests may name.", transform: path)
        var adapters: String?
        @Option(
            parsing: .unconditional, help: "Name or address to listen on; one that other machines reach needs a token.")
        var host = "127.0.0.1"
        @Option(parsing: .unconditional, help: "Port; 0 for a free one.")
        var port = 8080
        @Option(
            help:
                "File with the token that clients send as `Authorization: Bearer …` (default: $TINYLORA_SERVE_TOKEN, else none).",
            transform: path)
        var tokenFile: String?
        @Option(
            parsing: .unconditionalSingleValue,
            help: """
                Origin whose web pages may call this server (CORS), such as https://example.org; may be given again.
                """)
        var allowOrigin: [String] = []
        @Option(parsing: .unconditional, help: "Most samples that are computed together.")
        var maxRunning = ServerSettings().runningLimit
        @Option(parsing: .unconditional, help: "Most samples that wait; further requests get status 429.")
        var maxWaiting = ServerSettings().waitingLimit
        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("Memory for keys and values of all running samples.", valueName: "GB"))
        var cacheMemory = 2.0
        @Option(
            parsing: .unconditional, help: ArgumentHelp("Time limit of an answer.", valueName: "seconds"))
        var timeout = 600
        @Option(
            parsing: .unconditional,
            help: ArgumentHelp("Time that running answers have when the server is stopped.", valueName: "seconds"))
        var grace = 30
        @Option(
            help: ArgumentHelp(
                "Arithmetic of products with the weights: float32 or bfloat16 (default: what suits the model's stored weights).",
                valueName: "name"), transform: parsedArithmetic)
        var arithmetic: Arithmetic?
        @OptionGroup var threading: ThreadOptions

        func validate() throws {
            guard (0...65535).contains(port) else { throw ValidationError("--port must be in 0...65535, is \(port)") }
            guard maxRunning >= 1, maxWaiting >= 1 else {
                throw ValidationError("--max-running and --max-waiting must be at least 1")
            }
            guard cacheMemory > 0, cacheMemory <= 100_000 else {
                throw ValidationError("--cache-memory must be in (0, 100000] GB, is \(cacheMemory)")
            }
            guard (1...1_000_000).contains(timeout), (0...1_000_000).contains(grace) else {
                throw ValidationError("--timeout must be in 1...1000000 seconds, --grace in 0...1000000")
            }
        }

        func run() async throws {
            let console = Console(json: false), threads = try threading.count()
            let loaded = try LoadedModel(directory: choice.model, arithmetic: arithmetic)
            let server = try Server(loaded, threads: threads, settings: settings(), cache: factorCache())
            let listener = try HTTPListener(server, host: host, port: port)
            let name = host.contains(":") ? "[\(host)]" : host
            try await listener.run(grace: .seconds(grace)) { port in
                console.note("model      \(loaded.name) · \(loaded.arithmetic.rawValue) · \(threads) threads")
                console.note("adapters   \(adapterText(server.adapterNames))")
                console.say("http://\(name):\(port)")
            }
        }

        /// The directory and the names in it, of which there may be many.
        private func adapterText(_ names: [String]) -> String {
            guard let adapters else { return "by code only; --adapters DIRECTORY serves those of a directory" }
            let most = 20, more = names.count > most ? ", … (\(names.count) in all)" : ""
            return names.isEmpty
                ? "\(adapters), which has none now"
                : "\(adapters): " + names.prefix(most).joined(separator: ", ") + more
        }

        private func settings() throws -> ServerSettings {
            var settings = ServerSettings()
            settings.token = try token()
            settings.origins = allowOrigin
            settings.adapterDirectory = adapters
            settings.runningLimit = maxRunning
            settings.waitingLimit = maxWaiting
            settings.cacheBytes = Int(cacheMemory * 1e9)
            settings.timeout = .seconds(timeout)
            // Requests that name no seed get other answers after each start.
            settings.seed = UInt64(Date().timeIntervalSince1970 * 1e6)
            return settings
        }

        private func token() throws -> String? {
            let variable = ProcessInfo.processInfo.environment["TINYLORA_SERVE_TOKEN"]
            let text = try tokenFile.map { try String(contentsOfFile: $0, encoding: .utf8) } ?? variable
            guard let token = text?.trimmingCharacters(in: .whitespacesAndNewlines) else { return nil }
            guard !token.isEmpty else { throw ValidationError("the token is empty") }
            return token
        }
    }
#endif
