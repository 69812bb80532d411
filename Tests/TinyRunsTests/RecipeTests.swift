import Foundation
import Testing
import TinyRuns
import TinyRecords
import TinyFoundation

private func recipe(_ text: String) throws -> Recipe { try Recipe(text: text, path: "/recipes/recipe.yaml") }

/// A file becomes a complete, checked configuration, or one sentence with its place.
@Suite("a recipe") struct RecipeTests {
    @Test("sets what it names and leaves the demonstration's values, as YAML and as JSON")
    func setsKeys() throws {
        var expected = TrainingConfiguration.demonstration
        expected.adapter.parameters = 4
        expected.optimiser.learningRate = 1e-3
        expected.rollout.topK = 5
        expected.seed = .max
        for text in [
            "parameters: 4\nlearning_rate: 1e-3 # a comment\ntop_k: 5\nseed: 18446744073709551615\n",
            #"{"parameters": 4, "learning_rate": 0.001, "top_k": 5, "seed": 18446744073709551615}"#,
            "base: abacus\nparameters: 4\nlearning_rate: 0.001\ntop_k: 5\nseed: 18446744073709551615",
        ] { #expect(try recipe(text).configuration() == expected, "\(text)") }
    }

    @Test("is the demonstration when it says nothing", arguments: ["", "\n# nothing\n", "{}", "---\n"])
    func empty(text: String) throws {
        #expect(try recipe(text).configuration() == .demonstration)
    }

    @Test("starts from general defaults with a model of its own, unless it names a base")
    func basesFollowTheModel() throws {
        let own = "model: m\ntrain: t.jsonl\n"
        #expect(try recipe(own).configuration().steps == TrainingConfiguration().steps)
        #expect(try recipe(own + "base: abacus").configuration().steps == TrainingConfiguration.demonstration.steps)
        #expect(try recipe("base: general").configuration() == TrainingConfiguration())
        #expect(try recipe("model: null").configuration() == .demonstration)
    }

    @Test("finds paths from its own folder and from the home directory")
    func paths() throws {
        let configuration = try recipe("model: ../models/m\ntrain: ~/t.jsonl\neval: /data/e.jsonl").configuration()
        #expect(configuration.model == "/models/m")
        #expect(configuration.train == FileManager.default.homeDirectoryForCurrentUser.path + "/t.jsonl")
        #expect(configuration.eval == "/data/e.jsonl")
    }

    @Test(
        "that is not YAML, or more than a recipe needs, is refused with the line and the cause",
        arguments: [
            (
                "seed: 1\n\tmax_steps: 2\n",
                "/recipes/recipe.yaml:2: the text is not YAML: the line is indented with a tab"
            ),
            (
                "target_modules:\n-\tq_proj\n",
                "/recipes/recipe.yaml:2: the text is not YAML: the line is indented with a tab"
            ),
            ("seed: 1\ngrader: @x\n", "/recipes/recipe.yaml:2: the text is not YAML: a value cannot begin with @"),
            (
                "base: &b {seed: 3}\n<<: *b\n",
                "/recipes/recipe.yaml:2: merge keys (<<) are not supported: YAML 1.2 does not have them"
            ),
            ("seed: !!str 3\n", "/recipes/recipe.yaml:1: tags are not supported: !!str"),
            (
                "seed: 1\ngrader: a\u{1}\n",
                #"/recipes/recipe.yaml:2: the text is not YAML: control characters are not allowed: \u{01} in column 10"#
            ),
        ])
    func refused(text: String, message: String) throws {
        let error = try #require(throws: RunError.self) { try recipe(text) }
        #expect(error.message == message)
    }

    @Test("may have tabs inside of lines and texts in quotes")
    func tabsAndQuotes() throws {
        #expect(try recipe("{\n\t\"seed\":\t3\n}").configuration().seed == 3)
        #expect(try recipe("prompt_style: 'boxed' \t# a comment").value(of: "prompt_style") == .text("boxed"))
    }

    @Test("gives way to what is set later")
    func flagsOverrule() throws {
        var recipe = try recipe("parameters: 4\nnum_train_epochs: 2")
        recipe.set("parameters", .integer(7), at: "--parameters")
        recipe.set("max_steps", .integer(3), at: "--steps")
        let configuration = try recipe.configuration()
        #expect(configuration.adapter.parameters == 7)
        #expect(configuration.steps == 3 && configuration.epochs == nil)
    }

    @Test("reads back what a run wrote down")
    func readsResolved() throws {
        var configuration = TrainingConfiguration.demonstration
        configuration.evaluation.validationProblems = 10
        #expect(try recipe(configuration.jsonDocument()).configuration() == configuration)
        // As a sweep writes the settings of a run that is about to start.
        configuration.epochs = 0.5
        #expect(try recipe(configuration.jsonDocument()).configuration() == configuration)
    }

    @Test(
        "a plain word means what YAML 1.2 says",
        arguments: [
            ("none", SettingValue.text("none")), ("on", .text("on")), ("no", .text("no")), ("\"1\"", .text("1")),
            ("1e-3", .number(1e-3)), ("-.5", .number(-0.5)), ("+3", .integer(3)), ("0x10", .text("0x10")),
            ("12:30", .text("12:30")), ("~", .null), ("true", .flag(true)),
            ("[1, a]", .list([.integer(1), .text("a")])),
            ("- 1\n", .text("- 1")), ("nan", .text("nan")), ("e", .text("e")), ("1e", .text("1e")),
        ])
    func plainWords(text: String, value: SettingValue) throws {
        let read = try Recipe(text: text.hasPrefix("- 1") ? "seed: '- 1'" : "seed: \(text)", path: "r.yaml")
        #expect(read.value(of: "seed") == value)
    }

    @Test(
        "what is wrong is named with file, line, key and value",
        arguments: [
            ("seed: 1\nlearning_rat: 1", "recipe.yaml:2: \"learning_rat\" is not a setting", "learning_rate"),
            ("bse: abacus", "recipe.yaml:1: \"bse\" is not a setting", "base"),
            ("\nmax_steps: ten", "recipe.yaml:2: max_steps is not a whole number: \"ten\"", nil),
            ("max_steps: 1.5", "recipe.yaml:1: max_steps cannot be 1.5", nil),
            ("max_steps: null", "recipe.yaml:1: max_steps is null", nil),
            ("max_steps: [1, 2]", "recipe.yaml:1: max_steps is not a whole number: [1, 2]", nil),
            ("learning_rate: yes", "recipe.yaml:1: learning_rate is not a number: \"yes\"", nil),
            ("learning_rate: .nan", "recipe.yaml:1: learning_rate is not finite", nil),
            ("prompt_style: 3", "recipe.yaml:1: prompt_style is not a text: 3", nil),
            ("loss_type: dapp", "recipe.yaml:1: loss_type is \"dapp\"", "dapo"),
            ("base: abacu", "recipe.yaml:1: base is \"abacu\", expected abacus or general", "abacus"),
            ("top_p: 1.5\nseed: 1\nrank: 0", "recipe.yaml:3: rank is 0, must be 1 or more; ", nil),
            ("seed: 1\nseed: 2", "recipe.yaml:1: seed is there twice", nil),
            (#"{"seed": 1, "seed": 2}"#, "recipe.yaml:1: seed is there twice", nil),
            ("max_steps: 3\nnum_train_epochs: 1", "recipe.yaml:2: max_steps and num_train_epochs", nil),
            ("seed: {a: 1}", "recipe.yaml:1: keys and values, where a value is expected", nil),
            ("chat_template_kwargs: 3", "recipe.yaml:1: chat_template_kwargs is not names with", "{enable_thinking"),
            ("chat_template_kwargs: {a: [1]}", "recipe.yaml:1: chat_template_kwargs is not names with", nil),
            ("chat_template_kwargs: {a: .inf}", "recipe.yaml:1: a is not finite", nil),
            ("- seed: 1", "recipe.yaml:1: a recipe is not a list of keys and values", nil),
            ("just words", "recipe.yaml:1: a recipe is not a list of keys and values", nil),
            ("seed: [1", "the text is not YAML", nil), ("seed: 1\n\tx: 2", "recipe.yaml:", nil),
            ("a: *nowhere", "the text is not YAML", nil), ("runs: []", "describes a sweep", "tinylora sweep"),
            ("<<: {seed: 1}", "recipe.yaml:1: ", nil), ("seed: 1\n---\nseed: 2", "the text is not YAML", nil),
            ("? [a]\n: 1", "recipe.yaml:1: a key is not a word", nil),
            ("model: ''\ntrain: t", "recipe.yaml:1: model is an empty path", nil),
            ("validation: v.jsonl", "recipe.yaml:1: validation names a file, but validation_problems is 0", nil),
        ] as [(String, String, String?)])
    func namesWhatIsWrong(text: String, message: String, hint: String?) throws {
        let error = try #require(throws: RunError.self) { try recipe(text).configuration() }
        #expect(error.message.contains(message), "\(error)")
        #expect(hint.map { error.hint?.contains($0) ?? false } ?? true, "\(error)")
    }

    @Test("a flag that changes nothing is refused; a file may hold settings for other runs")
    func uselessFlag() throws {
        var recipe = try recipe("algorithm: sft\ntemperature: 0.5")
        try recipe.requireUse(in: recipe.configuration())
        recipe.set("num_generations", .integer(4), at: "--group-size")
        let asked = recipe
        let error = try #require(throws: RunError.self) { try asked.requireUse(in: asked.configuration()) }
        #expect(error.message == "--group-size has no effect with sft; algorithms that sample completions use it")
    }

    @Test(
        "a flag stands for its key in the sentence",
        arguments: [
            ("--steps", "max_steps", "0", "--steps is 0, must be 1 or more"),
            ("--set max_steps", "max_steps", "0", "--set max_steps is 0, must be 1 or more"),
            ("--u", "u", "2", "--u needs tying, which makes the groups of matrices that it belongs to"),
            ("--reward", "reward", "lenent", "--reward is \"lenent\", expected one of strict, lenient"),
            ("--set top_p", "top_p", "1.5", "--set top_p is 1.5, must be greater than 0 and at most 1"),
            ("r.yaml:1", "rank", "0", "r.yaml:1: rank is 0, must be 1 or more"),
        ])
    func flagForKey(place: String, key: String, value: String, message: String) throws {
        var recipe = Recipe()
        let setting = try Setting(flag: key, yaml: value, at: place)
        recipe.set(setting.key, setting.value, at: setting.place)
        let asked = recipe
        let error = try #require(throws: RunError.self) { try asked.configuration() }
        #expect(error.message == message)
    }

    @Test("every key is suggested when a letter is dropped, doubled or swapped", arguments: TrainingConfiguration.keys)
    func suggestsEveryKey(key: String) throws {
        let letters = Array(key), known = Set(TrainingConfiguration.keys + ["base"])
        var misspelt: [String] = []
        for index in letters.indices {
            var dropped = letters
            dropped.remove(at: index)
            var doubled = letters
            doubled.insert(letters[index], at: index)
            misspelt += [String(dropped), String(doubled)]
            if index + 1 < letters.count {
                var swapped = letters
                swapped.swapAt(index, index + 1)
                misspelt.append(String(swapped))
            }
        }
        for name in misspelt where !known.contains(name) && name.count > 1 {
            let error = try #require(throws: RunError.self, "\(name)") {
                try recipe("\"\(name)\": 1").configuration()
            }
            #expect(error.code == .unknownKey && error.hint?.hasPrefix("did you mean") == true, "\(name): \(error)")
            // A short name has near neighbours, and one that lacks an end may lack what tells it from another.
            let isShared = known.contains { $0 != key && $0.hasSuffix(name.dropFirst()) }
            let isClear = key.count > 5 && name != String(key.dropLast()) && !isShared
            if isClear { #expect(error.hint == "did you mean \"\(key)\"?", "\(name)") }
        }
    }

    @Test("text of any kind is read or refused, never a trap")
    func survivesAnything() {
        let deep = String(repeating: "[", count: 5000), items = String(repeating: "- ", count: 5000) + "1"
        let bomb =
            "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + zip("bcdefghi", "abcdefgh").map { "\($0): &\($0) [*\($1), *\($1), *\($1), *\($1), *\($1), *\($1)]\n" }
            .joined()
        for text in [deep, items, bomb, "\u{0}", "\u{FEFF}seed: 1", "{", "'", "!!binary x", "%YAML 9.9\n---\na: 1"] {
            _ = try? recipe(text).configuration()
        }
        let template = Array(#"seed: 1 # [x]\#nmodel: {a: "b\n"}\#ntop_k: &x [1, *x, 'c']\#n- >- |2"#.unicodeScalars)
        for cut in template.indices {
            for other in ["", ":", "[", "\n", "\"", "&", "\u{85}", "\u{1F600}"] {
                var text = String.UnicodeScalarView(template[..<cut])
                text.append(contentsOf: other.unicodeScalars)
                text.append(contentsOf: template[(cut + 1)...])
                _ = try? recipe(String(text)).configuration()
            }
        }
    }

    @Test("epochs become steps once the problems are counted")
    func resolvesEpochs() throws {
        let configuration = try recipe("num_train_epochs: 3\nproblems_per_step: 16\nwarmup_steps: 500").configuration()
        #expect(configuration.resolvingEpochs(problems: 7473).steps == 1402)
        #expect(configuration.resolvingEpochs(problems: 7473).epochs == nil)
        #expect(configuration.resolvingEpochs(problems: 1).steps == 1)
    }
}
