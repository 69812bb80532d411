import Foundation
import Testing
import TinyTemplates

@Suite("Hostile chat templates")
struct TemplateLimitTests {
    /// A fraction of what is usual, so that exhausting it is quick.
    private static let limits = {
        var limits = ChatTemplate.Limits()
        limits.steps = 200_000
        limits.bytes = 4 << 20
        return limits
    }()

    @Test(
        "end with an error instead of the process",
        arguments: [
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
            "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
            "{{ 'x' * 9223372036854775807 }}", "{{ [1] * 9223372036854775807 }}",
            "{{ 'x' | center(9223372036854775807) }}",
            "{{ range(-9223372036854775807, 9223372036854775807) }}", "{{ 'x'.ljust(9223372036854775807) }}",
            "{{ '%9223372036854775807d' % 1 }}", "{{ '{:>9223372036854775807}'.format(1) }}", "{{ '%.9999999f' % 1 }}",
            "{{ 'a' | indent(9223372036854775807) }}", "{{ [1] | batch(9223372036854775807, 0) | list }}",
            "{{ [1] | slice(9223372036854775807) | list }}", "{{ [1] | tojson(indent=9223372036854775807) }}",
            "{{ '\t'.expandtabs(9223372036854775807) }}", "{{ 9223372036854775807 * 2 }}", "{{ 2 ** 64 }}",
            "{{ (-9223372036854775807 - 1) // -1 }}", "{{ (-9223372036854775807 - 1) | abs }}",
            "{{ -(-9223372036854775807 - 1) }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }}",
            "{% for i in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
            "{% set n = namespace(v=[]) %}{% for i in range(99999) %}{% set n.v = [n.v] %}{% endfor %}",
            "{% set n = namespace(v=[1]) %}{% for i in range(99999) %}{% set n.v = n.v | map('string') %}{% endfor %}",
            "{% set n = namespace(v=[1]) %}{% for i in range(99999) %}{% set n.v = [n.v].count %}{% endfor %}",
            "{% set n = namespace(v='ab') %}{% for i in range(99) %}{% set n.v = n.v ~ n.v %}{% endfor %}",
            "{% set n = namespace(v=[1]) %}{% for i in range(99) %}{% set n.v = [n.v, n.v] %}{% endfor %}{{ n.v }}",
            "{% set n = namespace(v=[1]) %}{% for i in range(40) %}{% set n.v = [n.v, n.v] %}{% endfor %}"
                + "{{ n.v == [n.v] }}{{ n.v | tojson }}",
            "{% set n = namespace(v=(1,)) %}{% for i in range(40) %}{% set n.v = (n.v, n.v) %}{% endfor %}"
                + "{{ {n.v: 1} }}",
            "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
            "{{ ('a' * 100000).replace('', 'b' * 100000) }}",
            "{{ " + String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000) + " }}",
            "{{ " + String(repeating: "[", count: 100_000) + " }}",
            "{{ " + String(repeating: "-", count: 100_000) + "1 }}",
            "{{ " + String(repeating: "not ", count: 100_000) + "1 }}",
            String(repeating: "{% if 1 %}", count: 100_000),
            "{{ 1" + String(repeating: " if 1", count: 100_000) + " }}",
            "{{ 1" + String(repeating: " if 0 else 1", count: 100_000) + " }}",
            "{{ x" + String(repeating: " is x", count: 100_000) + " }}",
        ])
    func bounded(source: String) {
        #expect(throws: TemplateError.self) { try ChatTemplate(source).render(messages: [], limits: Self.limits) }
    }

    @Test("long chains of operators and filters are no nesting")
    func chains() throws {
        func text(_ source: String) throws -> String { try ChatTemplate(source).render(messages: []) }
        #expect(try text("{{ 0" + String(repeating: " + 1", count: 20_000) + " }}") == "20000")
        #expect(try text("{{ 'a'" + String(repeating: " | upper", count: 20_000) + " }}") == "A")
        #expect(try text("{{ 'a'" + String(repeating: " ~ 'a'", count: 20_000) + " }}").count == 20_001)
        #expect(
            try text("{% if 0 %}" + String(repeating: "{% elif 0 %}", count: 20_000) + "{% else %}b{% endif %}") == "b")
    }

    @Test("self-reference is neither printed for ever nor kept in memory")
    func cycles() throws {
        let source = """
            {% set n = namespace() %}{% set n.n = n %}{% set n.l = [n] %}{% macro m() %}{{ m }}{% endmacro %}\
            {% set n.m = m %}{% for i in range(20000) %}{% set p = namespace(p=n.p) %}{% set n.p = p %}{% endfor %}x
            """
        #expect(try ChatTemplate(source).render(messages: []) == "x")
    }
}
