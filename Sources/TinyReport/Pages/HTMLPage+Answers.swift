extension HTMLPage {
    /// What some runs answered before and after.
    func answers(_ section: Section, _ writer: inout PageWriter) {
        for run in section.answers {
            writer.add("<h3>Answers before and after: \(escaped(run.title))")
            if let number = numbers[run.run] {
                writer.add(
                    " <small><a href=\"#r\(number)\" title=\"\(escaped(run.run))/evaluation-samples.jsonl\">run \(number)</a></small>"
                )
            }
            writer.add("</h3>\n")
            for pair in run.pairs {
                writer.add(
                    "<div class=\"answers\"><p>\(escaped(pair.question)) <b>Answer: \(escaped(pair.answer)).</b></p>"
                        + answer("before", pair.before, pair.beforeIsRight)
                        + answer("after", pair.after, pair.afterIsRight)
                        + "</div>\n")
            }
        }
    }

    private func answer(_ when: String, _ text: String, _ isRight: Bool) -> String {
        let limit = 900
        let shown = text.count > limit ? text.prefix(limit) + " …" : text[...]
        return
            "<div><h4>\(when) <span class=\"\(isRight ? "right" : "wrong")\">\(isRight ? "✓ right" : "✗ wrong")</span></h4>"
            + "<pre>\(escaped(String(shown)))</pre></div>"
    }
}
