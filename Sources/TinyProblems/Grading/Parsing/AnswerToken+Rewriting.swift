extension [AnswerToken] {
    /// The tokens with `]0, 1[` as `(0, 1)`, where square brackets open and close the wrong way round.
    var withoutReversedBrackets: [AnswerToken] {
        let brackets = filter { $0.kind == .open(.square) || $0.kind == .close(.square) }
        guard brackets.first?.kind == .close(.square) || brackets.last?.kind == .open(.square) else { return self }
        var result = self
        var isOpen = false
        for (index, token) in enumerated() {
            switch token.kind {
            case .open(.square) where isOpen: result[index].kind = .close(.round)
            case .close(.square) where !isOpen: result[index].kind = .open(.round)
            case .open(.square), .close(.square): break
            case .open(.round) where !isOpen: break
            case .close(.round) where isOpen: break
            default: continue
            }
            isOpen.toggle()
        }
        return result
    }

    /// Whether brackets enclose the whole answer, and directly in them digits are grouped while no space follows a comma:
    /// `(312,123)` is a pair, `(5, 312,123)` may be one.
    var isTupleWithoutSpaces: Bool {
        guard case .open(let bracket)? = first?.kind, [.round, .square, .curly].contains(bracket) else { return false }
        var depth = 0, hasGroup = false
        for (index, token) in enumerated() {
            if token.followsSpace, index > 0, self[index - 1].kind == .symbol(.comma) { return false }
            switch token.kind {
            case .open: depth += 1
            case .close:
                depth -= 1
                if depth == 0 { return hasGroup && index == count - 1 }
            case .number(let numeral): hasGroup = hasGroup || depth == 1 && numeral.isGrouped
            default: break
            }
        }
        return false
    }

    /// The tokens with `{a \over b}` as `\frac{a}{b}`; each side reaches to the brackets around it.
    ///
    /// A second `\over` in one pair of brackets is an error in TeX, and unsupported here.
    var withoutInfix: [AnswerToken] {
        guard contains(where: { if case .infix = $0.kind { true } else { false } }) else { return self }
        var levels = [Level()]
        for token in self {
            switch token.kind {
            case .open:
                levels[levels.count - 1].tokens.append(token)
                levels.append(Level())
            case .close where levels.count > 1:
                let inner = levels.removeLast().closed
                levels[levels.count - 1].tokens += inner + [token]
            case .infix(let construct):
                let level = levels.count - 1
                if levels[level].top == nil {
                    levels[level] = Level(top: (construct, levels[level].tokens))
                } else {
                    levels[level].tokens.append(AnswerToken(kind: .unsupported("over")))
                }
            default: levels[levels.count - 1].tokens.append(token)
            }
        }
        while levels.count > 1 {
            let inner = levels.removeLast().closed
            levels[levels.count - 1].tokens += inner
        }
        return levels[0].closed
    }
}

/// What was read since the last open bracket.
private struct Level {
    var tokens: [AnswerToken] = []
    var top: (construct: AnswerToken.Construct, tokens: [AnswerToken])?

    var closed: [AnswerToken] {
        guard let top else { return tokens }
        let open = AnswerToken(kind: .open(.group)), close = AnswerToken(kind: .close(.group))
        return [AnswerToken(kind: .construct(top.construct)), open] + top.tokens + [close, open] + tokens + [
            close
        ]
    }
}
