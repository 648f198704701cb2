"""The commands. Thin: parse, call, print. Exit codes are listed in `mmeval --help`."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from mmeval import (
    cli_dashboard,
    cli_deciding,
    cli_export,
    cli_gate,
    cli_nightly,
    cli_options,
    cli_pages,
    cli_reading,
)
from mmeval.cli_options import CatalogOption, Data, Json, print_json
from mmeval.errors import Interrupted, MmevalError, UsageError

EXIT_CODES = """Exit codes: 0 done; 1 a gate says regression; 2 a gate cannot tell; 3 the run finished, but a task
failed or too many answers are missing; 64 wrong usage; 65 bad data; 70 our fault; 130 interrupted (run the same
command again to go on)."""

app = typer.Typer(
    name="mmeval",
    help="Did this multimodal checkpoint get better or worse?\n\nStart: mmeval run --model demo --suite demo",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(
    help="Data without a hub: probes from your own pictures.", no_args_is_help=True, rich_markup_mode=None
)
build_app = typer.Typer(
    help="Builds a benchmark's data from your own pictures.", no_args_is_help=True, rich_markup_mode=None
)
for group in (cli_deciding, cli_gate, cli_pages, cli_dashboard, cli_nightly, cli_reading, cli_export):
    app.add_typer(group.app)
app.add_typer(data_app, name="data")
data_app.add_typer(build_app, name="build")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from mmeval import __version__

        print(f"mmeval {__version__}")


def main() -> NoReturn:
    """Entry point: errors of ours are one line and an exit code; `--debug` anywhere shows the trace."""
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    aside = redirect_stdout(sys.stderr) if "--json" in arguments else nullcontext()
    cli_options.stdout = sys.stdout
    try:
        with aside:  # with --json nothing but the object may reach stdout, whatever a task file prints
            code = app(arguments, standalone_mode=False)
    except MmevalError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has left (`mmeval tasks | head`)
        sys.exit(141)
    except Exception as error:
        if _is_usage(error):
            _fail(_usage_text(error), 64)
        if debug:
            raise
        _fail(f"{type(error).__name__}: {error} (our fault; --debug shows where, please report it)", 70)
    if code == Interrupted.exit_code:  # typer turns Ctrl-C into this code
        again = "the same command without --fresh" if "--fresh" in arguments else "the same command again"
        _fail(f"interrupted; what was answered is kept, run {again} to go on", code)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(text: str, code: int) -> NoReturn:
    print(f"mmeval: {text}", file=sys.stderr)
    sys.exit(code)


def _is_usage(error: Exception) -> bool:
    return hasattr(error, "exit_code") and hasattr(error, "format_message")


def _usage_text(error: Any) -> str:
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "mmeval")
    return f"{error.format_message()} ({path} --help lists what there is)"


@app.command()
def run(
    model: Annotated[
        str,
        typer.Option(help="Checkpoint folder or hub id; demo or demo-dpo; openai:NAME@URL; replay:FILE or replay:RUN."),
    ],
    suite: Annotated[str, typer.Option(help="Suites, separated by commas: demo, hallucination …")] = "",
    tasks: Annotated[str, typer.Option(help="Tasks, separated by commas (`mmeval tasks` lists them).")] = "",
    model_args: Annotated[
        str, typer.Option("--model_args", help="As in lm-eval: pretrained=…,dtype=…,peft=… with --model hf.")
    ] = "",
    limit: Annotated[int | None, typer.Option(help="Only the first N samples of each task.")] = None,
    batch_size: Annotated[str, typer.Option("--batch-size", "--batch_size", help="Rows a batch, or auto.")] = "auto",
    max_new_tokens: Annotated[
        int | None, typer.Option("--max-new-tokens", "--max_new_tokens", help="Instead of each task's own limit.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="auto, float32, bfloat16 or float16.")] = "auto",
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda, cuda:1, mps; all, or several (cuda:0,cuda:1), a process each.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="For sampling, shuffling and resampling.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "--output_path", "-o", help="Run folder [runs/MODEL/TASKS].")
    ] = None,
    data: Data = None,
    catalog: CatalogOption = None,
    fresh: Annotated[
        bool, typer.Option("--fresh/--resume", help="Ask all anew, or go on where the run folder stands.")
    ] = False,
    scoring: Annotated[str | None, typer.Option(help="Scoring dialect: official, lmms-eval, vlmevalkit …")] = None,
    prompt: Annotated[str | None, typer.Option(help="Wording of the questions: official, lmms-eval …")] = None,
    ablate: Annotated[str | None, typer.Option(help="no-image or shuffled-image: what it scores blind.")] = None,
    temperature: Annotated[float, typer.Option(help="0 is greedy.")] = 0.0,
    top_p: Annotated[float, typer.Option("--top-p", "--top_p", help="Nucleus, with a temperature above 0.")] = 1.0,
    repeats: Annotated[int, typer.Option(help="Answers a question, with a temperature above 0.")] = 1,
    adapter: Annotated[
        Path | None, typer.Option("--adapter", "--peft", help="LoRA or other peft adapter on the model.")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "--system_instruction", help="System prompt.")] = None,
    chat_template: Annotated[
        Path | None, typer.Option("--chat-template", "--chat_template", help="Jinja file instead of the checkpoint's.")
    ] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", "--trust_remote_code", help="Run code that the checkpoint brings.")
    ] = False,
    tree: Annotated[
        bool,
        typer.Option("--tree/--no-tree", help="Run what questions on a picture share once, or not."),
    ] = True,
    check: Annotated[
        bool, typer.Option("--check", help="First compare trees, batches and single prompts; stop if they differ.")
    ] = False,
    ask_as: Annotated[
        str, typer.Option("--as", help="What a reward benchmark asks of the model: generative, scalar or implicit.")
    ] = "generative",
    reference: Annotated[
        str | None, typer.Option(help="With --as implicit: the checkpoint before DPO, named as --model is.")
    ] = None,
    per_token: Annotated[
        bool, typer.Option("--per-token", help="With --as implicit: rewards divided by the answer's tokens.")
    ] = False,
    judge: Annotated[
        list[str] | None,
        typer.Option(help="Judges answers where a task asks for it; named as --model is. Several times: a panel."),
    ] = None,
    judge_prompts: Annotated[
        Path | None, typer.Option("--judge-prompts", help="Folder with NAME.jinja to use in place of our prompts.")
    ] = None,
    judge_votes: Annotated[
        int | None, typer.Option("--judge-votes", help="Verdicts a judge gives on each answer [its card: 1].")
    ] = None,
    judge_temperature: Annotated[
        float | None, typer.Option("--judge-temperature", help="Of the judge [its card: 0].")
    ] = None,
    judge_orders: Annotated[
        str | None, typer.Option("--judge-orders", help="one, or both: compared answers are shown both ways round.")
    ] = None,
    panel: Annotated[str, typer.Option(help="How several verdicts make one: mean or majority.")] = "mean",
    judge_budget: Annotated[
        str | None,
        typer.Option("--judge-budget", help="calls=1000, tokens=2M, usd=5@2.5/10 (price in/out), or several."),
    ] = None,
    judge_rate: Annotated[
        float | None, typer.Option("--judge-rate", help="Calls a minute at most, of a judge on a server.")
    ] = None,
    judge_labels: Annotated[
        Path | None, typer.Option("--judge-labels", help="People's labels of some answers (see mmeval judge-check).")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="With --until-decided: the base run, on the same samples.")
    ] = None,
    until_decided: Annotated[
        bool, typer.Option("--until-decided", help="Ask each task until it is better, worse or not worse than there.")
    ] = False,
    margin: Annotated[
        float | None, typer.Option(help="With --until-decided: points of 100 that count as not worse [1].")
    ] = None,
    log_samples: Annotated[bool, typer.Option("--log_samples", hidden=True)] = True,  # lm-eval's; always on here
    json: Json = False,
) -> int:
    """Evaluates a checkpoint on suites or tasks; writes a run folder with a page to look at.

    Stopped at any moment, the same command goes on: no finished answer is asked again.
    """
    from mmeval.catalog import load_catalog
    from mmeval.evaluation import evaluate
    from mmeval.judging import Budget, JudgeSettings
    from mmeval.progress import for_people
    from mmeval.requests import Settings
    from mmeval.until_decided import asked_for

    known = load_catalog(catalog or ())

    options: dict[str, Any] = {
        "device": device,
        "dtype": dtype,
        "batch_size": _batch_size(batch_size),
        "adapter": adapter,
        "system": system,
        "chat_template": chat_template,
        "trust_remote_code": trust_remote_code,
        "tree": tree,
        "reference": reference,
        "per_token": per_token,
    }
    if model_args:
        model, given = _model_args(model, model_args)
        options |= given
    finished = evaluate(
        model,
        tasks,
        suite=suite,
        data=data or (),
        output=output,
        fresh=fresh,
        catalog=known,
        settings=Settings(
            limit=limit,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            repeats=repeats,
            seed=seed,
            ablate=ablate,
            scoring=scoring,
            prompt=prompt,
            ask_as=ask_as,
        ),
        engine_options=options,
        check=check,
        judge=judge or (),
        judge_settings=JudgeSettings(
            prompts=judge_prompts,
            votes=judge_votes,
            temperature=judge_temperature,
            orders=judge_orders,
            rule=panel,
            budget=Budget.parse(judge_budget) if judge_budget else None,
            rate=judge_rate,
            labels=judge_labels,
        ),
        until_decided=asked_for(against, until_decided, margin),
        progress=for_people(),
        command=sys.argv[1:],
    )
    if json:
        print_json(finished.to_json())
    else:
        from mmeval.tables import print_results

        print_results(finished.tasks, finished.failed, known)
        print(f"\npage: {finished.report}")
    for name in finished.too_many_missing:
        result = finished.tasks[name]
        what = "answers missing" if result["missing"] else "answers kept, but not judged"
        number = result["missing"] or result["unjudged"]
        print(f"mmeval: {name}: {number} of {result['n']} {what}; see the page", file=sys.stderr)
    return finished.exit_code


def _batch_size(text: str) -> int | str:
    if text == "auto":
        return text
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"--batch-size {text}: a number of rows, or auto")
    return int(text)


def _model_args(model: str, text: str) -> tuple[str, dict[str, Any]]:
    """lm-eval's `--model hf --model_args pretrained=PATH,dtype=…`, so that a known command line works here."""
    known = {"dtype": "dtype", "device": "device", "peft": "adapter", "revision": "revision"}
    pairs = dict(pair.partition("=")[::2] for pair in text.split(",") if pair)
    options: dict[str, Any] = {}
    model = pairs.pop("pretrained", model)
    if pairs.pop("trust_remote_code", "false").lower() == "true":
        options["trust_remote_code"] = True
    for name, value in pairs.items():
        if name not in known:
            raise UsageError(f"--model_args {name}=…: not known here (known: pretrained, {', '.join(known)})")
        options[known[name]] = Path(value) if name == "peft" else value
    return model, options


@app.command()
def score(
    task: Annotated[str, typer.Option(help="The benchmark that the answers are for.")],
    answers: Annotated[
        list[Path],
        typer.Option(help="Answers: official layout, JSON, JSONL, CSV, lmms-eval's logs, VLMEvalKit's tables."),
    ],
    data: Data = None,
    catalog: CatalogOption = None,
    scoring: Annotated[str | None, typer.Option(help="Scoring dialect [official].")] = None,
    all_dialects: Annotated[
        bool, typer.Option("--all-dialects", help="Under every dialect, side by side: how far published rules differ.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    json: Json = False,
) -> int:
    """Scores answers that exist already, of any model and from any harness. Needs no model and no GPU."""
    from mmeval.catalog import load_catalog
    from mmeval.score import score_files

    known = load_catalog(catalog or ())
    if all_dialects:
        if scoring:
            raise UsageError("--all-dialects scores under every dialect; leave --scoring out")
        return _score_all_dialects(known.choose([task])[0], answers, data or [], seed, json)
    scored = score_files(known.choose([task])[0], answers, data or (), scoring, seed)
    for note in scored.notes:
        print(f"mmeval: {note}", file=sys.stderr)
    if json:
        print_json(scored.to_json())
    else:
        from mmeval.tables import print_results

        print_results(scored.tasks, {}, known)
    return scored.exit_code


def _score_all_dialects(task: Any, answers: list[Path], data: list[Path], seed: int, json: bool) -> int:
    from mmeval.score import score_dialects

    figures, failed, notes = score_dialects(task, answers, data, seed)
    for note in notes:
        print(f"mmeval: {note}", file=sys.stderr)
    if json:
        print_json({"run": None, "model": {}, "dialects": {task.name: figures}, "failed": failed})
    else:
        from mmeval.tables import print_dialects

        print_dialects(task, figures, failed)
    return 0 if figures else 3


@app.command("tasks")
def tasks_command(
    data: Data = None,
    catalog: CatalogOption = None,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="One line a benchmark: data, dialects, judge, parity.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="With --matrix: as Markdown.")] = False,
    json: Json = False,
) -> int:
    """Lists the benchmarks there are, by dimension, and whether their data is at hand."""
    from mmeval.catalog import load_catalog
    from mmeval.tables import print_tasks, tasks_json

    found = load_catalog(catalog or ())
    folders = tuple(data or ())
    if matrix and not json:
        from mmeval.matrix import print_matrix

        print_matrix(found, folders, markdown)
        return 0
    if json:
        print_json(tasks_json(found, folders))
    else:
        print_tasks(found, folders)
    return 0


@app.command()
def doctor(
    data: Data = None,
    model: Annotated[
        str | None, typer.Option(help="Also run this checkpoint one by one, in batches and as trees, and compare.")
    ] = None,
    dtype: Annotated[str, typer.Option(help="With --model: auto, float32, bfloat16 or float16.")] = "auto",
    device: Annotated[str, typer.Option(help="With --model: auto, cpu, cuda, cuda:1, mps.")] = "auto",
    json: Json = False,
) -> int:
    """Says what is installed, what is missing, and how to get it; with --model, whether its answers hang on how the
    model is run."""
    from mmeval.doctor import examine, examine_model, print_findings

    if model and (device == "all" or "," in device):
        raise UsageError(f"doctor --device {device}: one device at a time, e.g. --device cuda:1")
    findings = [*examine(tuple(data or ())), *(examine_model(model, device, dtype) if model else ())]
    if json:
        print_json({"checks": [finding.to_json() for finding in findings]})
    else:
        print_findings(findings)
    return 0 if all(finding.fine for finding in findings if finding.needed) else 70


@build_app.command("pope")
def build_pope_command(
    annotations: Annotated[Path, typer.Option(help="COCO-format instances.json.")],
    images: Annotated[Path, typer.Option(help="Folder with the pictures.")],
    out: Annotated[Path, typer.Option(help="Folder to write; pass it to `mmeval run --data`.")],
    per_image: Annotated[int, typer.Option(help="Questions a picture and split, half of them yes.")] = 6,
    min_objects: Annotated[int, typer.Option(help="Leave out pictures with fewer objects (POPE itself: 3).")] = 1,
    pictures: Annotated[int | None, typer.Option(help="Draw so many pictures (POPE itself: 500) [all].")] = None,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    json: Json = False,
) -> int:
    """Yes/no probes (random, popular, adversarial) from any COCO-format annotations, by POPE's rules."""
    from dataclasses import asdict

    from mmeval.probes import build_pope

    built = build_pope(annotations, images, out, per_image, seed, min_objects, pictures)
    if json:
        print_json(asdict(built))
    else:
        each = ", ".join(f"{number} {split}" for split, number in built.questions.items())
        print(f"{built.pictures} pictures, questions: {each}; {len(built.skipped)} pictures left out")
        print(f"now: mmeval run --model MODEL --tasks pope,chair --data {out}")
    return 0


if __name__ == "__main__":
    main()
