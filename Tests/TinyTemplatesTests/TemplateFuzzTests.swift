import Foundation
import Testing
import TinyFoundation
import TinyTemplates
import TinyTestSupport

/// Mutations of real templates and of pieces of the language: whatever they are, an error or a text comes of them.
///
/// `TINYLORA_FUZZ_CASES` sets how many are tried; a million take some minutes.
@Suite("Fuzzed chat templates")
struct TemplateFuzzTests {
    @Test("are rendered or refused")
    func total() throws {
        let count = fuzzCases(4000)
        let records = try SharedTemplates.records(
            fixtures(of: "TinyTemplates").appendingPathComponent("templates.jsonl"))
        guard case .object(let members)? = records[0]["variables"] else { return }
        let variables = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
        var seeds = records.dropFirst().compactMap { SharedTemplates.text($0["template"]) }
        if let folder = SharedTemplates.folder {
            for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            where file.pathExtension == "jinja" {
                seeds.append(String(decoding: try Data(contentsOf: file), as: UTF8.self))
            }
        }
        let pieces = seeds.map { Array($0.unicodeScalars) }
        var limits = ChatTemplate.Limits()
        limits.steps = 20_000
        limits.bytes = 1 << 20
        var random = TrickyTexts(seed: 11)
        var rendered = 0
        for _ in 0..<count {
            let source = Self.mutated(pieces, &random)
            do throws(TemplateError) {
                _ = try ChatTemplate(source).rendering(variables: variables, limits: limits)
                rendered += 1
            } catch {
                #expect(error.position != nil || error.code == .limitExceeded, "\(source)")
            }
        }
        // Mutations that only ever fail to parse would test little.
        #expect(rendered > count / 50)
    }

    private static let words = [
        "{{ ", " }}", "{% ", " %}", "{%- ", " -%}", "{#", "#}", " | ", " is ", "(", ")", "[", "]", "{", "}", ":", ",",
        ".",
        " if ", " else ", " for i in ", "{% endfor %}", "{% endif %}", "{% set x = ", "loop", "-1", "0",
        "9223372036854775807",
        "1e308", "none", "m", "msgs", "'a'", "'%s{}'", "**", "//", "%", "~", "*", "-", "not ", "in ", "\n", "\u{301}",
        "\0",
        " | map(", " | tojson", " | list", " | string", " | batch(", ".format(", ".split(", "namespace(", "range(",
    ]

    private static func mutated(_ seeds: [[Unicode.Scalar]], _ random: inout TrickyTexts) -> String {
        var text = seeds[random.below(seeds.count)]
        if text.count > 400 {
            let start = random.below(text.count - 200)
            text = Array(text[start..<start + 200])
        }
        for _ in 0..<random.below(4) + (random.below(3) == 0 ? 1 : 0) {
            let place = random.below(text.count + 1)
            switch random.below(5) {
            case 0: text.insert(contentsOf: words[random.below(words.count)].unicodeScalars, at: place)
            case 1:
                let end = min(text.count, place + 1 + random.below(6))
                text.removeSubrange(place..<end)
            case 2 where place < text.count: text[place] = Unicode.Scalar(UInt8(random.below(128)))
            case 3:
                let other = seeds[random.below(seeds.count)]
                let start = random.below(other.count + 1)
                text.insert(contentsOf: other[start..<min(other.count, start + 20)], at: place)
            default:
                let end = min(text.count, place + random.below(12))
                text.insert(contentsOf: text[place..<end], at: place)
            }
        }
        return String(String.UnicodeScalarView(text))
    }
}
